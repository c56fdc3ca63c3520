/* Stands between the program under test and the C library, and does to it what the environment says at its n-th call:
 *
 *   FAULT_KILL=n   SIGKILL at the n-th point: each call below has one before it and one after it
 *   FAULT_TEAR=n   at the n-th point, if it stands before a write to a file: half of it is written, then SIGKILL
 *   FAULT_FULL=n   from the n-th point on the disk is full: writes and new files below FAULT_ROOT give ENOSPC
 *   FAULT_LOG=n    from the n-th point on `log.jsonl` takes no write and no sync: EIO
 *   FAULT_TRACE=f  every call goes to the file f, a line each: the point before it, what it is, its file
 *   FAULT_COUNT=f  the number of points goes to the file f when the program ends
 *
 * The program under test knows nothing of it. Module processes have an environment of their own and run without. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static long points, kill_at, tear_at, full_at, log_at;
static const char *root, *trace, *count;
static int tracing = -1;

static long number(const char *name) {
    const char *said = getenv(name);
    return said != NULL ? atol(said) : 0;
}

__attribute__((constructor)) static void begin(void) {
    kill_at = number("FAULT_KILL");
    tear_at = number("FAULT_TEAR");
    full_at = number("FAULT_FULL");
    log_at = number("FAULT_LOG");
    root = getenv("FAULT_ROOT");
    count = getenv("FAULT_COUNT");
    trace = getenv("FAULT_TRACE");
    if (trace != NULL) tracing = open(trace, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    /* Opening it was none of the program's calls. */
    points = 0;
}

static ssize_t real_write(int file, const void *octets, size_t size) {
    static ssize_t (*real)(int, const void *, size_t);
    if (real == NULL) real = (ssize_t (*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");
    return real(file, octets, size);
}

__attribute__((destructor)) static void end(void) {
    if (count == NULL) return;
    char text[32];
    int size = snprintf(text, sizeof text, "%ld\n", points), file = open(count, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (file >= 0 && real_write(file, text, (size_t)size) == size) close(file);
}

static long point(void) {
    long here = __atomic_add_fetch(&points, 1, __ATOMIC_SEQ_CST);
    if (kill_at != 0 && here == kill_at) kill(getpid(), SIGKILL);
    return here;
}

static long now(void) { return __atomic_load_n(&points, __ATOMIC_SEQ_CST); }

static const char *path_of(int file, char *room, size_t size) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, room, size - 1);
    room[length > 0 ? length : 0] = 0;
    return room;
}

static void say(const char *what, const char *path) {
    if (tracing < 0) return;
    char text[4200];
    int size = snprintf(text, sizeof text, "%ld %s %s\n", points, what, path);
    if (size > 0 && real_write(tracing, text, (size_t)size) < 0) return;
}

static int is_below(const char *path) { return root != NULL && strncmp(path, root, strlen(root)) == 0; }

static int is_log(const char *path) {
    size_t size = strlen(path);
    return size >= 9 && strcmp(path + size - 9, "log.jsonl") == 0;
}

/* What is wrong with a write to this file by now; 0 if nothing. */
static int fault_of(int file, const char *what) {
    char room[4096];
    const char *path = path_of(file, room, sizeof room);
    say(what, path);
    if (full_at != 0 && now() >= full_at && is_below(path) && strcmp(what, "write") == 0) return ENOSPC;
    if (log_at != 0 && now() >= log_at && is_log(path)) return EIO;
    return 0;
}

ssize_t write(int file, const void *octets, size_t size) {
    long here = point();
    int fault = fault_of(file, "write");
    if (fault != 0) {
        errno = fault;
        return -1;
    }
    if (tear_at != 0 && here >= tear_at) {
        struct stat found;
        if (fstat(file, &found) == 0 && S_ISREG(found.st_mode)) {
            if (real_write(file, octets, size / 2) >= 0) kill(getpid(), SIGKILL);
        }
    }
    ssize_t done = real_write(file, octets, size);
    point();
    return done;
}

#define SYNC(name)                                                                                  \
    int name(int file) {                                                                            \
        static int (*real)(int);                                                                    \
        if (real == NULL) real = (int (*)(int))dlsym(RTLD_NEXT, #name);                             \
        point();                                                                                    \
        int fault = fault_of(file, "sync");                                                         \
        if (fault != 0) {                                                                           \
            errno = fault;                                                                          \
            return -1;                                                                              \
        }                                                                                           \
        int done = real(file);                                                                      \
        point();                                                                                    \
        return done;                                                                                \
    }
SYNC(fsync)
SYNC(fdatasync)

#define ONE_PATH(name, arguments, given)                                                            \
    int name arguments {                                                                            \
        static int (*real) arguments;                                                               \
        if (real == NULL) real = (int (*) arguments)dlsym(RTLD_NEXT, #name);                        \
        point();                                                                                    \
        say(#name, path);                                                                           \
        int done = real given;                                                                      \
        point();                                                                                    \
        return done;                                                                                \
    }
ONE_PATH(unlink, (const char *path), (path))
ONE_PATH(rename, (const char *path, const char *other), (path, other))

int mkdir(const char *path, mode_t mode) {
    static int (*real)(const char *, mode_t);
    if (real == NULL) real = (int (*)(const char *, mode_t))dlsym(RTLD_NEXT, "mkdir");
    point();
    say("mkdir", path);
    char room[8192];
    if (path[0] != '/' && getcwd(room, 4000) != NULL) {
        strcat(room, "/");
        strncat(room, path, 4000);
        path = room;
    }
    if (full_at != 0 && now() >= full_at && is_below(path)) {
        errno = ENOSPC;
        return -1;
    }
    int done = real(path, mode);
    point();
    return done;
}

#define OPEN(name)                                                                                  \
    int name(const char *path, int flags, ...) {                                                    \
        static int (*real)(const char *, int, ...);                                                 \
        if (real == NULL) real = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, #name);          \
        va_list rest;                                                                               \
        va_start(rest, flags);                                                                      \
        int mode = va_arg(rest, int);                                                               \
        va_end(rest);                                                                               \
        if ((flags & O_CREAT) == 0) return real(path, flags, mode);                                 \
        point();                                                                                    \
        say("create", path);                                                                        \
        if (full_at != 0 && now() >= full_at && (path[0] != '/' || is_below(path))) {               \
            errno = ENOSPC;                                                                         \
            return -1;                                                                              \
        }                                                                                           \
        int done = real(path, flags, mode);                                                         \
        point();                                                                                    \
        return done;                                                                                \
    }
OPEN(open)
OPEN(open64)

ssize_t send(int file, const void *octets, size_t size, int flags) {
    static ssize_t (*real)(int, const void *, size_t, int);
    if (real == NULL) real = (ssize_t (*)(int, const void *, size_t, int))dlsym(RTLD_NEXT, "send");
    point();
    ssize_t done = real(file, octets, size, flags);
    point();
    return done;
}

ssize_t recv(int file, void *octets, size_t size, int flags) {
    static ssize_t (*real)(int, void *, size_t, int);
    if (real == NULL) real = (ssize_t (*)(int, void *, size_t, int))dlsym(RTLD_NEXT, "recv");
    point();
    ssize_t done = real(file, octets, size, flags);
    point();
    return done;
}
