/* Makes writes to the database files of one process fail. The file named by FAULT_FILE holds the number of the
   error; without the file every call succeeds. Loaded with LD_PRELOAD. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static int fault(int fd) {
    const char *control = getenv("FAULT_FILE");
    if (!control || access(control, F_OK) != 0) return 0;
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    if (!strstr(path, ".db")) return 0;
    FILE *file = fopen(control, "r");
    if (!file) return 0;
    int number = 0;
    if (fscanf(file, "%d", &number) != 1) number = 0;
    fclose(file);
    return number;
}

#define WRAP(type, name, parameters, arguments)                      \
    type name parameters {                                           \
        static type(*real) parameters;                               \
        if (!real) real = (type(*) parameters)dlsym(RTLD_NEXT, #name); \
        int number = fault(fd);                                      \
        if (number) { errno = number; return -1; }                   \
        return real arguments;                                       \
    }

WRAP(ssize_t, write, (int fd, const void *data, size_t size), (fd, data, size))
WRAP(ssize_t, pwrite, (int fd, const void *data, size_t size, off_t at), (fd, data, size, at))
WRAP(ssize_t, pwrite64, (int fd, const void *data, size_t size, off64_t at), (fd, data, size, at))
WRAP(int, fsync, (int fd), (fd))
WRAP(int, fdatasync, (int fd), (fd))
WRAP(int, ftruncate, (int fd, off_t size), (fd, size))
WRAP(int, ftruncate64, (int fd, off64_t size), (fd, size))

/* With FAULT_NO_LINKS, a disk without hard links, such as exFAT. */
int linkat(int from_folder, const char *from, int to_folder, const char *to, int flags) {
    static int (*real)(int, const char *, int, const char *, int);
    if (!real) real = (int (*)(int, const char *, int, const char *, int))dlsym(RTLD_NEXT, "linkat");
    if (getenv("FAULT_NO_LINKS")) { errno = EPERM; return -1; }
    return real(from_folder, from, to_folder, to, flags);
}

/* With FAULT_NO_CREATE, folders in which no file can be created. */
#define WRAP_OPEN(name)                                                                  \
    int name(const char *path, int flags, ...) {                                         \
        static int (*real)(const char *, int, ...);                                      \
        if (!real) real = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, #name);       \
        va_list rest;                                                                    \
        va_start(rest, flags);                                                           \
        mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0;                        \
        va_end(rest);                                                                    \
        if ((flags & O_CREAT) && getenv("FAULT_NO_CREATE") && access(path, F_OK) != 0) { \
            errno = EACCES;                                                              \
            return -1;                                                                   \
        }                                                                                \
        return real(path, flags, mode);                                                  \
    }

WRAP_OPEN(open)
WRAP_OPEN(open64)
