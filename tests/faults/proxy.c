/* A PKCS#11 module that stands before SoftHSM and does at the n-th call what the file in FAULT_FILE says:
 *
 *   before n      SIGKILL before the call is passed on
 *   after n       SIGKILL after it came back
 *   within n us   SIGKILL so many microseconds after it was passed on; the tokens are copied before
 *   gone n        from this call on every call says that the device was removed
 *   half n        SIGKILL inside the n-th C_GenerateKeyPair of a key of the token: the public half is there, the private is not
 *   unusable n    the same, and the private half is one that does not fit the public one
 *   pins n        no fault: every token says that its PINs have n octets at most
 *
 * Without the file every call is passed on as it is. When the module is finalised the number of calls goes to the file
 * of the same name with `.count` after it. */

#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef unsigned long word;
typedef word (*function)(word, word, word, word, word, word, word, word);
struct list { unsigned char version[2]; function calls[68]; };

static struct list *real, ours;
static char mode[16];
static long at, micros, calls;

static void plan(void) {
    const char *path = getenv("FAULT_FILE");
    FILE *file = path != NULL ? fopen(path, "r") : NULL;
    mode[0] = 0;
    if (file == NULL) return;
    if (fscanf(file, "%15s %ld %ld", mode, &at, &micros) < 2) mode[0] = 0;
    fclose(file);
}

static void tell(void) {
    const char *path = getenv("FAULT_FILE");
    char name[4096];
    if (path == NULL) return;
    snprintf(name, sizeof name, "%s.count", path);
    FILE *file = fopen(name, "w");
    if (file == NULL) return;
    fprintf(file, "%ld\n", calls);
    fclose(file);
}

static void *killer(void *unused) {
    usleep((useconds_t)micros);
    kill(getpid(), SIGKILL);
    return unused;
}

/* Copies a folder of files and folders. The module's process may start no program that would do it. */
static void copy(const char *from, const char *to) {
    char inner[4096], other[4096], octets[4096];
    mkdir(to, 0700);
    DIR *folder = opendir(from);
    if (folder == NULL) return;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        snprintf(inner, sizeof inner, "%s/%s", from, entry->d_name);
        snprintf(other, sizeof other, "%s/%s", to, entry->d_name);
        struct stat found;
        if (stat(inner, &found) == 0 && S_ISDIR(found.st_mode)) {
            copy(inner, other);
            continue;
        }
        FILE *in = fopen(inner, "r"), *out = fopen(other, "w");
        for (size_t size; in != NULL && out != NULL && (size = fread(octets, 1, sizeof octets, in)) > 0;)
            if (fwrite(octets, 1, size, out) != size) break;
        if (in != NULL) fclose(in);
        if (out != NULL) fclose(out);
    }
    closedir(folder);
}

static void copy_tokens(void) {
    const char *tokens = getenv("FAULT_TOKENS");
    char place[4096];
    if (tokens == NULL) return;
    snprintf(place, sizeof place, "%s.before", tokens);
    copy(tokens, place);
}

struct attribute { word type; void *value; word length; };

/* Whether a template is one of an object of the token. */
static int of_token(const struct attribute *template, word count) {
    for (word i = 0; i < count; i++)
        if (template[i].type == 1) return *(unsigned char *)template[i].value;
    return 0;
}

/* Leaves of a new P-384 pair the public half, and in the place of the private one either nothing or another key. */
static void spoil(word session, word public, word private, int other) {
    static const unsigned char yes = 1;
    static unsigned char secret[48] = {0, 0x5a}, curve[16], id[64], label[64];
    word class = 3, type = 3;
    struct attribute read[] = {{0x180, curve, sizeof curve}, {0x102, id, sizeof id}, {3, label, sizeof label}};
    real->calls[24](session, public, (word)read, 3, 0, 0, 0, 0); /* C_GetAttributeValue */
    real->calls[22](session, private, 0, 0, 0, 0, 0, 0);         /* C_DestroyObject */
    struct attribute template[] = {
        {0, &class, sizeof class}, {0x100, &type, sizeof type}, {1, (void *)&yes, 1}, {2, (void *)&yes, 1},
        {0x103, (void *)&yes, 1}, {0x108, (void *)&yes, 1}, read[0], read[1], read[2], {0x11, secret, sizeof secret},
    };
    if (other) real->calls[20](session, (word)template, 10, (word)&private, 0, 0, 0, 0); /* C_CreateObject */
    kill(getpid(), SIGKILL);
}

static long generated;

static word pass(int which, word a, word b, word c, word d, word e, word f, word g, word h) {
    long here = __atomic_add_fetch(&calls, 1, __ATOMIC_SEQ_CST);
    int now = mode[0] != 0 && here == at && mode[0] != 'h' && mode[0] != 'u' && mode[0] != 'p';
    if (now && strcmp(mode, "before") == 0) kill(getpid(), SIGKILL);
    /* The end of the module stays possible. */
    if (strcmp(mode, "gone") == 0 && here >= at && which != 1) return 0x32;
    if (now && strcmp(mode, "within") == 0) {
        pthread_t thread;
        copy_tokens();
        pthread_create(&thread, NULL, killer, NULL);
    }
    word done = real->calls[which](a, b, c, d, e, f, g, h);
    if (which == 6 && done == 0 && strcmp(mode, "pins") == 0)
        ((word *)((char *)b + 96))[5] = (word)at; /* ulMaxPinLen of C_GetTokenInfo */
    if (which == 59 && done == 0 && of_token((struct attribute *)c, d) && ++generated == at &&
        (strcmp(mode, "half") == 0 || strcmp(mode, "unusable") == 0))
        spoil(a, *(word *)g, *(word *)h, mode[0] == 'u');
    if (which == 1) tell();
    if (now && strcmp(mode, "after") == 0) kill(getpid(), SIGKILL);
    if (now && strcmp(mode, "within") == 0) pause();
    return done;
}

#define CALL(n) \
    static word call_##n(word a, word b, word c, word d, word e, word f, word g, word h) { return pass(n, a, b, c, d, e, f, g, h); }
#define EACH(X) \
    X(0) X(1) X(2) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15) X(16) X(17) X(18) X(19) X(20) X(21) X(22) \
    X(23) X(24) X(25) X(26) X(27) X(28) X(29) X(30) X(31) X(32) X(33) X(34) X(35) X(36) X(37) X(38) X(39) X(40) X(41) X(42) X(43) \
    X(44) X(45) X(46) X(47) X(48) X(49) X(50) X(51) X(52) X(53) X(54) X(55) X(56) X(57) X(58) X(59) X(60) X(61) X(62) X(63) \
    X(64) X(65) X(66) X(67)
EACH(CALL)

word C_GetFunctionList(struct list **place) {
    void *module = dlopen(SOFTHSM, RTLD_NOW | RTLD_LOCAL);
    if (module == NULL) return 5;
    word (*get)(struct list **) = (word (*)(struct list **))dlsym(module, "C_GetFunctionList");
    if (get == NULL || get(&real) != 0) return 5;
    plan();
    ours = *real;
#define SET(n) ours.calls[n] = call_##n;
    EACH(SET)
    *place = &ours;
    return 0;
}
