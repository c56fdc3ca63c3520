/* SoftHSM as a token that changes no attribute of a key that is there: everything is passed on but C_SetAttributeValue. While the
 * file that STUBBORN names is there, the process is killed when a key is about to come back. Where STUBBORN_DIGESTS is set, RSA
 * signs nothing but what the token hashes itself. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

typedef unsigned long word;
typedef word (*function)(word, word, word, word, word, word, word, word);
struct list { unsigned char version[2]; function calls[68]; };

static struct list ours;
static function unwrap, sign;

static word refuse(word a, word b, word c, word d, word e, word f, word g, word h) {
    (void)a, (void)b, (void)c, (void)d, (void)e, (void)f, (void)g, (void)h;
    return 0x10; /* CKR_ATTRIBUTE_READ_ONLY */
}

static word come_back(word a, word b, word c, word d, word e, word f, word g, word h) {
    const char *file = getenv("STUBBORN");
    if (file != NULL && access(file, F_OK) == 0) kill(getpid(), SIGKILL);
    return unwrap(a, b, c, d, e, f, g, h);
}

static word sign_by(word a, word b, word c, word d, word e, word f, word g, word h) {
    word mechanism = *(word *)b;
    if (mechanism == 1 || mechanism == 0xd) return 0x70; /* CKR_MECHANISM_INVALID */
    return sign(a, b, c, d, e, f, g, h);
}

word C_GetFunctionList(struct list **list) {
    void *module = dlopen(SOFTHSM, RTLD_NOW | RTLD_LOCAL);
    struct list *real;
    word (*find)(struct list **);
    if (module == NULL) return 5;
    *(void **)&find = dlsym(module, "C_GetFunctionList");
    if (find == NULL || find(&real) != 0) return 5;
    ours = *real;
    /* The order of the functions is that of pkcs11f.h. */
    ours.calls[25] = refuse;
    unwrap = ours.calls[61];
    ours.calls[61] = come_back;
    sign = ours.calls[42];
    if (getenv("STUBBORN_DIGESTS") != NULL) ours.calls[42] = sign_by;
    *list = &ours;
    return 0;
}
