/* What the files of a package look like from outside: one number out of names, sizes and times of change.
 *
 * Every start asks for it before it trusts a program that an earlier one has made.  Three hundred files take Python a
 * millisecond and a half, a fifth of the start.
 */
#ifndef PTL_DISPATCH_STAMP_H
#define PTL_DISPATCH_STAMP_H

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef __APPLE__
#define st_mtim st_mtimespec
#endif

/* FNV-1a. */
#define STAMP_BASIS 14695981039346656037ULL
#define STAMP_PRIME 1099511628211ULL

static uint64_t stamp_bytes(uint64_t stamp, const void *data, size_t count) {
    const unsigned char *bytes = data;
    for (size_t i = 0; i < count; i++) stamp = (stamp ^ bytes[i]) * STAMP_PRIME;
    return stamp;
}

/* As eight bytes, the lowest first, on every machine. */
static uint64_t stamp_number(uint64_t stamp, int64_t number) {
    for (int i = 0; i < 64; i += 8) stamp = (stamp ^ (((uint64_t)number >> i) & 255)) * STAMP_PRIME;
    return stamp;
}

static bool ends_with(const char *name, size_t length, const char *end) {
    return length >= strlen(end) && strcmp(name + length - strlen(end), end) == 0;
}

/* The sum over all files below an open folder, in whatever order they come; the folder is closed. */
static uint64_t stamp_folder(int descriptor, uint64_t path) {
    DIR *folder = fdopendir(descriptor);
    if (folder == NULL) {
        close(descriptor);
        return 0;
    }
    uint64_t sum = 0;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        const char *name = entry->d_name;
        const size_t length = strlen(name);
        const uint64_t here = stamp_bytes(path, name, length + 1);
        struct stat status;
        if (ends_with(name, length, ".py") || ends_with(name, length, ".h")) {
            if (fstatat(descriptor, name, &status, 0) < 0) continue;
            const int64_t time = (int64_t)status.st_mtim.tv_sec * 1000000000 + status.st_mtim.tv_nsec;
            sum += stamp_number(stamp_number(here, status.st_size), time);
        } else if (strchr(name, '.') == NULL && strcmp(name, "__pycache__") != 0) {
            const int below = openat(descriptor, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
            if (below >= 0) sum += stamp_folder(below, here);
        }
    }
    closedir(folder);
    return sum;
}

PyDoc_STRVAR(stamp_files_doc, "stamp_files(*folders)\n--\n\n"
                              "Return a number that changes with the names, sizes and times of the .py and .h files below.");

static PyObject *stamp_files(PyObject *module, PyObject *folders) {
    (void)module;
    uint64_t sum = 0;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(folders); i++) {
        PyObject *path;
        if (!PyUnicode_FSConverter(PyTuple_GET_ITEM(folders, i), &path)) return NULL;
        const int folder = open(PyBytes_AS_STRING(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        Py_DECREF(path);
        if (folder < 0) return PyErr_SetFromErrnoWithFilenameObject(PyExc_OSError, PyTuple_GET_ITEM(folders, i));
        sum += stamp_folder(folder, STAMP_BASIS);
    }
    return PyLong_FromUnsignedLongLong(sum);
}

#endif
