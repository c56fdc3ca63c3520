/* A PKCS#11 module that misbehaves as the environment variable FAKE says: words divided by blanks.
 *
 * One slot with one token, which holds one P-256 key pair: private object 1, public object 2.
 * Numbers are those of PKCS#11 2.40. */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

typedef unsigned long ulong_t;
typedef unsigned char octet_t;
struct version { octet_t major, minor; };
struct attribute { ulong_t type; void *value; ulong_t length; };
struct info { struct version cryptoki; octet_t manufacturer[32]; ulong_t flags; octet_t description[32]; struct version library; };
struct token_info {
    octet_t label[32], manufacturer[32], model[16], serial[16];
    ulong_t flags, most_sessions, sessions, most_rw, rw, longest_pin, shortest_pin;
    ulong_t total_public, free_public, total_private, free_private;
    struct version hardware, firmware;
    octet_t time[16];
};
struct session_info { ulong_t slot, state, flags, error; };

enum { OK = 0, NOT_SUPPORTED = 0x54, SENSITIVE = 0x11, TYPE_INVALID = 0x12, VALUE_INVALID = 0x13 };
enum { OPERATION_ACTIVE = 0x90, OPERATION_NOT_INITIALIZED = 0x91, BUFFER_TOO_SMALL = 0x150 };
enum { CLASS = 0, TOKEN = 1, PRIVATE = 2, LABEL = 3, APPLICATION = 0x10, VALUE = 0x11, KEY_TYPE = 0x100, ID = 0x102 };
enum { PUBLIC_KEY_INFO = 0x129, EC_PARAMS = 0x180, EC_POINT = 0x181, UNAVAILABLE = -1 };

static int is(const char *word) {
    const char *said = getenv("FAKE");
    return said != NULL && strstr(said, word) != NULL;
}

static void fill(octet_t *place, size_t size, const char *text) {
    memset(place, ' ', size);
    memcpy(place, text, strlen(text));
}

struct initialize_arguments { void *create, *destroy, *lock, *unlock; ulong_t flags; void *reserved; };

static ulong_t initialize(void *arguments) {
    const struct initialize_arguments *given = arguments;
    if (is("cannot-lock") && given != NULL && (given->flags & 2)) return 0xa; /* CKF_OS_LOCKING_OK */
    if (is("exits")) exit(3);
    return is("refuses") ? 0x80000042ul : OK;
}

static ulong_t finalize(void *reserved) {
    (void)reserved;
    if (is("hangs-at-the-end")) pause();
    return OK;
}

static ulong_t get_info(struct info *info) {
    memset(info, 0, sizeof *info);
    info->cryptoki.major = 2;
    info->cryptoki.minor = 40;
    fill(info->manufacturer, 32, "nobody");
    fill(info->description, 32, "fake");
    return OK;
}

static ulong_t get_slot_list(octet_t present, ulong_t *slots, ulong_t *count) {
    (void)present;
    if (slots != NULL) slots[0] = 7;
    *count = slots != NULL && is("many-slots") ? 1000000 : 1;
    return OK;
}

static ulong_t get_token_info(ulong_t slot, struct token_info *info) {
    static int asked = 0;
    (void)slot;
    memset(info, 0, sizeof *info);
    fill(info->label, 32, is("swaps") && asked++ > 0 ? "another" : "fake");
    fill(info->manufacturer, 32, "nobody");
    fill(info->model, 16, "Fake");
    fill(info->serial, 16, "0001");
    info->flags = 0x40d; /* RNG, login required, PIN initialised, token initialised */
    if (is("locked")) info->flags |= 0x40000;
    if (is("final")) info->flags |= 0x20000;
    if (is("pin-pad")) info->flags |= 0x100;
    if (is("no-login")) info->flags &= ~4ul;
    info->shortest_pin = is("no-bounds") ? (ulong_t)UNAVAILABLE : 4;
    info->longest_pin = is("no-bounds") ? 0 : 8;
    return OK;
}

static int sessions, user_in, signing;

static ulong_t open_session(ulong_t slot, ulong_t flags, void *application, void *notify, ulong_t *session) {
    (void)slot, (void)flags, (void)application, (void)notify;
    *session = 1;
    if (is("no-sessions") || (is("one-session") && sessions >= 1) || (is("three-sessions") && sessions >= 3)) return 0xb1;
    sessions++;
    return OK;
}

/* The last session to close logs the user out. */
static ulong_t close_session(ulong_t session) {
    (void)session;
    if (--sessions == 0) user_in = 0;
    signing = 0;
    return OK;
}

static ulong_t get_session_info(ulong_t session, struct session_info *info) {
    memset(info, 0, sizeof *info);
    info->slot = session;
    info->state = is("nobody-in") ? 2 : 3; /* read-write: nobody, or the user, logged in */
    return OK;
}

/* What a module keeps of a PIN that it should forget. */
static octet_t kept_pin[256];

static ulong_t login(ulong_t session, ulong_t user, octet_t *pin, ulong_t length) {
    if (is("keeps-pin") && pin != NULL && length < sizeof kept_pin) memcpy(kept_pin, pin, length);
    (void)session, (void)user, (void)length;
    if (is("pin-incorrect")) return 0xa0;
    if (is("pin-expired")) return 0xa3;
    if (is("pin-locks")) return 0xa4;
    if (is("pin-strange")) return 0x80000001ul;
    user_in = 1;
    return (pin == NULL) == (is("pin-pad") != 0) ? OK : 7;
}

static ulong_t set_pin(ulong_t session, octet_t *old, ulong_t old_length, octet_t *pin, ulong_t length) {
    (void)session; (void)old; (void)old_length; (void)pin; (void)length;
    return OK;
}

static ulong_t logout(ulong_t session) { (void)session; return is("not-logged-in") ? 0x101 : OK; }

/* What came of an attempt: ok, or the number of the error. */
static void attempt(octet_t *place, ulong_t length, const char *what, long result) {
    size_t used = strlen((char *)place);
    if (result >= 0) snprintf((char *)place + used, length - used, "%s ok\n", what);
    else snprintf((char *)place + used, length - used, "%s %d\n", what, errno);
}

static long create(const char *path) {
    return path == NULL ? -1 : open(path, O_WRONLY | O_CREAT, 0600);
}

static long connect_to(const char *port) {
    int s = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(port == NULL ? "0" : port))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return s < 0 ? -1 : connect(s, (struct sockaddr *)&address, sizeof address);
}

/* Tries what no module has to do, and gives what came of it in the place of random octets. */
static void escape(octet_t *place, ulong_t length) {
    char *const nothing[] = {NULL};
    struct rlimit core = {0, 0};
    octet_t other = 0;
    struct iovec here = {&other, 1}, there = {&other, 1};
    memset(place, 0, length);
    attempt(place, length, "inet", socket(AF_INET, SOCK_STREAM, 0));
    attempt(place, length, "inet-datagram", socket(AF_INET, SOCK_DGRAM, 0));
    attempt(place, length, "inet6", socket(AF_INET6, SOCK_STREAM, 0));
    attempt(place, length, "packet", socket(AF_PACKET, SOCK_RAW, 0));
    attempt(place, length, "netlink", socket(AF_NETLINK, SOCK_RAW, 0));
    attempt(place, length, "vsock", socket(AF_VSOCK, SOCK_STREAM, 0));
    attempt(place, length, "unix", socket(AF_UNIX, SOCK_STREAM, 0));
    attempt(place, length, "peer", connect_to(getenv("PEER")));
    attempt(place, length, "other-port", connect_to(getenv("OTHER")));
    attempt(place, length, "io_uring", syscall(SYS_io_uring_setup, 4, NULL));
    attempt(place, length, "exec", execve("/bin/true", nothing, nothing));
    attempt(place, length, "ptrace", ptrace(PTRACE_ATTACH, getppid(), NULL, NULL));
    attempt(place, length, "read-parent", process_vm_readv(getppid(), &here, 1, &there, 1, 0));
    attempt(place, length, "signal-parent", kill(getppid(), 0));
    attempt(place, length, "mount", mount("none", "/mnt", "tmpfs", 0, NULL));
    attempt(place, length, "write-inside", create(getenv("INSIDE")));
    attempt(place, length, "write-elsewhere", create(getenv("ELSEWHERE")));
    attempt(place, length, "make-folder", getenv("FOLDER") == NULL ? -1 : mkdir(getenv("FOLDER"), 0700));
    getrlimit(RLIMIT_CORE, &core);
    attempt(place, length, "core", core.rlim_max == 0 ? -1 : 0);
    attempt(place, length, "dumpable", prctl(PR_GET_DUMPABLE) == 0 ? -1 : 0);
}

static ulong_t generate_random(ulong_t session, octet_t *place, ulong_t length) {
    (void)session;
    if (is("escapes")) {
        escape(place, length);
        return OK;
    }
    if (is("hangs")) pause();
    if (is("crashes")) {
        fprintf(stderr, "module: the cable is loose\n");
        *(volatile int *)8 = 1;
    }
    memset(place, 0x5a, length);
    return OK;
}

static ulong_t found[4], found_count, found_next, keeps_count;
static ulong_t kept_attribute(ulong_t object, struct attribute *attribute);

static int destroyed = 0;

static ulong_t find_objects_init(ulong_t session, struct attribute *template, ulong_t count) {
    (void)session;
    found_count = found_next = 0;
    ulong_t class = 99;
    for (ulong_t i = 0; i < count; i++) {
        if (template[i].type == CLASS) memcpy(&class, template[i].value, sizeof class);
        if (template[i].type == LABEL) return OK;
    }
    if (destroyed && !is("undead")) return OK;
    if (is("keeps") && keeps_count == 0) return OK;
    if (class == 3 || class == 99) found[found_count++] = 1;
    if ((class == 2 || class == 99) && !is("widow")) found[found_count++] = 2;
    if (class == 3 && is("twins")) found[found_count++] = 1;
    return OK;
}

static ulong_t find_objects(ulong_t session, ulong_t *objects, ulong_t most, ulong_t *count) {
    (void)session;
    if (is("endless")) {
        for (ulong_t i = 0; i < most; i++) objects[i] = 1;
        *count = most;
        return OK;
    }
    for (*count = 0; found_next < found_count && *count < most; (*count)++) objects[*count] = found[found_next++];
    if (is("greedy")) *count = most + 1;
    return OK;
}

static ulong_t find_objects_final(ulong_t session) { (void)session; return OK; }

static ulong_t give(struct attribute *attribute, const void *value, ulong_t length) {
    if (attribute->value != NULL && attribute->length >= length) memcpy(attribute->value, value, length);
    attribute->length = is("boasts") ? 1000000 : length;
    return OK;
}

static ulong_t get_attribute_value(ulong_t session, ulong_t object, struct attribute *attribute, ulong_t count) {
    static const octet_t curve[] = {6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7};
    static const octet_t other_curve[] = {6, 5, 0x2b, 0x81, 4, 0, 0x22};
    static const octet_t generator[] = {
        4, 65, 4, 0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47, 0xf8, 0xbc, 0xe6, 0xe5, 0x63, 0xa4, 0x40, 0xf2, 0x77,
        0x03, 0x7d, 0x81, 0x2d, 0xeb, 0x33, 0xa0, 0xf4, 0xa1, 0x39, 0x45, 0xd8, 0x98, 0xc2, 0x96, 0x4f, 0xe3, 0x42,
        0xe2, 0xfe, 0x1a, 0x7f, 0x9b, 0x8e, 0xe7, 0xeb, 0x4a, 0x7c, 0x0f, 0x9e, 0x16, 0x2b, 0xce, 0x33, 0x57, 0x6b,
        0x31, 0x5e, 0xce, 0xcb, 0xb6, 0x40, 0x68, 0x37, 0xbf, 0x51, 0xf5};
    static const octet_t head[] = {
        0x30, 0x59, 0x30, 0x13, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7, 3, 0x42, 0};
    static const octet_t edwards[] = {0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0};
    octet_t point[sizeof generator], whole[sizeof head + sizeof generator - 2];
    const octet_t yes = 1;
    const ulong_t class = object == 1 ? 3 : 2, key_type = 3;
    (void)session, (void)count;
    if (is("unreadable")) return 0x82;
    if (is("keeps") && kept_attribute(object, attribute) == OK) return OK;
    switch (attribute->type) {
    case CLASS: return give(attribute, &class, sizeof class);
    case KEY_TYPE: return give(attribute, &key_type, is("short-number") ? 1 : sizeof key_type);
    case TOKEN: return give(attribute, &yes, 1);
    case PRIVATE: return give(attribute, &yes, 1);
    case LABEL:
        if (is("long-label")) {
            static octet_t label[20000];
            memset(label, 'k', sizeof label);
            if (attribute->value == NULL || attribute->length >= sizeof label) return give(attribute, label, sizeof label);
            attribute->length = (ulong_t)UNAVAILABLE;
            return BUFFER_TOO_SMALL;
        }
        return is("no-text") ? give(attribute, "\xff", 1) : give(attribute, "key", 3);
    case EC_PARAMS:
        return object == 1 && is("halves") ? give(attribute, other_curve, sizeof other_curve)
                                           : give(attribute, curve, sizeof curve);
    case PUBLIC_KEY_INFO: /* empty, as SoftHSM has it, unless it is said */
        if (object == 1 || !(is("whole") || is("other-whole"))) return give(attribute, "", 0);
        memcpy(whole, head, sizeof head);
        memcpy(whole + sizeof head, generator + 2, sizeof generator - 2);
        if (is("other-whole")) memcpy(whole, edwards, sizeof edwards);
        return give(attribute, whole, is("other-whole") ? sizeof edwards + 32 : sizeof whole);
    case EC_POINT:
        if (is("no-point")) break;
        memcpy(point, generator, sizeof generator);
        if (is("off-curve")) point[66] ^= 1;
        return give(attribute, point, sizeof generator - (is("cut-point") ? 1 : 0));
    case VALUE:
        if (object == 3) return give(attribute, "something else", 14);
        attribute->length = (ulong_t)UNAVAILABLE;
        return SENSITIVE;
    default: break;
    }
    attribute->length = (ulong_t)UNAVAILABLE;
    return TYPE_INVALID;
}

static ulong_t create_object(ulong_t session, struct attribute *template, ulong_t count, ulong_t *object) {
    (void)session, (void)template, (void)count;
    *object = 3;
    return OK;
}

static ulong_t destroy_object(ulong_t session, ulong_t object) {
    (void)session, (void)object;
    destroyed = 1;
    return OK;
}

/* Refuses templates as picky tokens do; what it makes, it does not keep. */
static int generated = 0;

/* The templates of the key pair that a token which keeps was asked for: private, public. */
static struct { ulong_t type, length; octet_t value[64]; } kept[2][40];
static ulong_t kept_count[2];

/* What was asked for is what is read, and how the key came to be is what the word says. */
static ulong_t kept_attribute(ulong_t object, struct attribute *attribute) {
    octet_t yes = 1, no = 0;
    int half = object == 1 ? 0 : 1;
    if (half == 0 && attribute->type == 0x163) return give(attribute, is("from-elsewhere") ? &no : &yes, 1);
    if (half == 0 && attribute->type == 0x165) return give(attribute, is("once-open") ? &no : &yes, 1);
    if (half == 0 && attribute->type == 0x164) return is("says-nothing") ? TYPE_INVALID : give(attribute, &yes, 1);
    for (ulong_t i = 0; i < kept_count[half]; i++)
        if (kept[half][i].type == attribute->type) return give(attribute, kept[half][i].value, kept[half][i].length);
    return TYPE_INVALID;
}

static void keep(int half, struct attribute *template, ulong_t count) {
    keeps_count++;
    kept_count[half] = 0;
    for (ulong_t i = 0; i < count && i < 40 && template[i].length <= 64; i++) {
        kept[half][i].type = template[i].type;
        kept[half][i].length = template[i].length;
        memcpy(kept[half][i].value, template[i].value, template[i].length);
        kept_count[half]++;
    }
}

static ulong_t generate_key_pair(ulong_t session, void *mechanism, struct attribute *public, ulong_t publics,
                                 struct attribute *private, ulong_t privates, ulong_t *first, ulong_t *second) {
    (void)session, (void)mechanism, (void)public, (void)publics;
    generated++;
    if (is("keeps")) {
        keep(0, private, privates);
        keep(1, public, publics);
        *first = 2;
        *second = 1;
        return OK;
    }
    if (is("unplugged")) return generated > 1 ? 5 : 0x32;
    for (ulong_t i = 0; i < privates; i++) {
        ulong_t type = private[i].type;
        int set = private[i].length == 1 && *(octet_t *)private[i].value == 1;
        if (type == TOKEN && set) return 0x70;
        if (is("picky") && (type == 0x170 || type == 0x171 || type == 0x172)) return TYPE_INVALID;
        if (is("very-picky") && (type == 0x210 || type == 0x202)) return 0xd1;
        if (is("very-very-picky") && (type == 0x105 || type == 0x107 || type == 0x10c || type == 0x109)) return VALUE_INVALID;
        if (is("takes-nothing")) return 0xd0;
    }
    *first = 2;
    *second = 1;
    return OK;
}

static ulong_t sign_init(ulong_t session, void *mechanism, ulong_t key) {
    (void)session, (void)mechanism, (void)key;
    if ((is("one-session") || is("three-sessions")) && !user_in) return 0x101;
    if (signing) return OPERATION_ACTIVE;
    signing = 1;
    return OK;
}

/* The room that a picky token wants: just what it needs, or always more than it was given, or more than there can be. */
static ulong_t room_wanted(ulong_t given) {
    if (is("exact-room")) return 64;
    if (is("never-enough")) return given + 1;
    if (is("absurd-room")) return 1UL << 40;
    return given;
}

static ulong_t sign(ulong_t session, octet_t *data, ulong_t length, octet_t *signature, ulong_t *count) {
    (void)session, (void)data, (void)length;
    if (is("slow")) sleep(6);
    if (!signing) return OPERATION_NOT_INITIALIZED;
    if (*count != room_wanted(*count)) {
        *count = room_wanted(*count);
        return BUFFER_TOO_SMALL;
    }
    signing = 0;
    memset(signature, 1, 64);
    *count = is("short-signature") ? 63 : is("long-signature") ? 1000000 : 64;
    return OK;
}

/* Pieces are taken until `tires` has had three. */
static ulong_t sign_update(ulong_t session, octet_t *data, ulong_t length) {
    static int pieces;
    (void)session, (void)data, (void)length;
    if (!signing) return OPERATION_NOT_INITIALIZED;
    if (is("tires") && ++pieces > 3) {
        signing = 0;
        return 0x30;
    }
    return OK;
}

static ulong_t sign_final(ulong_t session, octet_t *signature, ulong_t *count) {
    return sign(session, NULL, 0, signature, count);
}

static ulong_t get_function_list(void **list);

/* In the order of CK_FUNCTION_LIST. */
static struct { struct version version; void *functions[68]; } list;

static ulong_t get_function_list(void **place) {
    void **f = list.functions;
    list.version.major = is("ancient") ? 1 : 2;
    list.version.minor = 40;
    f[0] = initialize; f[1] = finalize; f[2] = get_info; f[3] = get_function_list; f[4] = get_slot_list;
    f[6] = get_token_info; f[12] = open_session; f[13] = close_session; f[15] = get_session_info;
    f[11] = set_pin; f[18] = login; f[19] = logout; f[20] = create_object; f[22] = destroy_object;
    f[24] = get_attribute_value; f[26] = find_objects_init; f[27] = find_objects; f[28] = find_objects_final;
    f[42] = sign_init; f[43] = is("cannot-sign") ? NULL : sign; f[64] = generate_random;
    f[44] = sign_update; f[45] = sign_final;
    f[59] = generate_key_pair;
    *place = is("no-list") ? NULL : &list;
    return is("no-functions") ? NOT_SUPPORTED : OK;
}

ulong_t C_GetFunctionList(void **place) { return get_function_list(place); }
