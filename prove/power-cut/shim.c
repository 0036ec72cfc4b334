/*
 * A disk that forgets. LD_PRELOAD loads it into a process with an SQLite database. In PROVE_DISK_SHADOW it stores what a
 * power cut would leave: the bytes of a file at its last fsync or fdatasync, and its name once the folder was synced. The
 * process writes the real files as usual. At the cut, prove/power-cut/disk.ts replaces them with the shadow.
 *
 * PROVE_DISK_FILE is the database. The shim follows this file, its -wal and its -journal. The -shm is only memory and is
 * rebuilt. While a file PROVE_DISK_SHADOW/full exists, the disk is full and nothing grows. A file PROVE_DISK_SHADOW/dies
 * cuts the power at the next sync, when everything is written but not durable yet.
 *
 * Node's SQLite calls open64/open, write, pwrite64, ftruncate64, fsync, fdatasync, close (nm -D node; strace agrees).
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILES 3
#define MOST_FDS 4096
#define MOST_RANGES 4096

struct range { off_t from, to; };
struct followed {
  char path[PATH_MAX];
  char shadow[PATH_MAX];
  char entry[PATH_MAX]; /* exists when the name is durable */
  struct range dirty[MOST_RANGES];
  int ranges;
};

static struct followed files[FILES];
static char folder[PATH_MAX], full[PATH_MAX], dies[PATH_MAX];
static signed char file_of_fd[MOST_FDS]; /* 0: not ours; 1..FILES: a file; -1: the folder */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static int (*real_open)(const char *, int, ...);
static int (*real_close)(int);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static ssize_t (*real_write)(int, const void *, size_t);
static int (*real_ftruncate)(int, off_t);

__attribute__((constructor)) static void start(void) {
  static const char *suffixes[FILES] = {"", "-wal", "-journal"};
  const char *file = getenv("PROVE_DISK_FILE"), *shadow = getenv("PROVE_DISK_SHADOW");
  real_open = dlsym(RTLD_NEXT, "open64");
  real_close = dlsym(RTLD_NEXT, "close");
  real_fsync = dlsym(RTLD_NEXT, "fsync");
  real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
  real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
  real_write = dlsym(RTLD_NEXT, "write");
  real_ftruncate = dlsym(RTLD_NEXT, "ftruncate64");
  if (!file || !shadow || strlen(file) + strlen(shadow) > PATH_MAX / 2) return;
  const char *slash = strrchr(file, '/');
  if (!slash) return;
  snprintf(folder, sizeof folder, "%.*s", (int)(slash - file), file);
  snprintf(full, sizeof full, "%s/full", shadow);
  snprintf(dies, sizeof dies, "%s/dies", shadow);
  for (int i = 0; i < FILES; i++) {
    snprintf(files[i].path, PATH_MAX, "%s%s", file, suffixes[i]);
    snprintf(files[i].shadow, PATH_MAX, "%s%s%s", shadow, slash, suffixes[i]);
    snprintf(files[i].entry, PATH_MAX, "%s%s%s.entry", shadow, slash, suffixes[i]);
  }
}

static struct followed *followed_by(int fd) {
  if (fd < 0 || fd >= MOST_FDS || file_of_fd[fd] < 1) return NULL;
  return &files[file_of_fd[fd] - 1];
}

static void follow(int fd, const char *path) {
  if (fd < 0 || fd >= MOST_FDS || folder[0] == 0) return;
  file_of_fd[fd] = strcmp(path, folder) == 0 ? -1 : 0;
  for (int i = 0; i < FILES; i++)
    if (strcmp(path, files[i].path) == 0) file_of_fd[fd] = (signed char)(i + 1);
}

/* Written but not yet synced. A full list becomes one range, because syncing too much does no harm. */
static void soil(struct followed *file, off_t from, off_t to) {
  pthread_mutex_lock(&lock);
  struct range *last = file->ranges ? &file->dirty[file->ranges - 1] : NULL;
  if (last && last->to == from) last->to = to;
  else {
    if (file->ranges == MOST_RANGES) {
      for (int i = 1; i < MOST_RANGES; i++) {
        if (file->dirty[i].from < file->dirty[0].from) file->dirty[0].from = file->dirty[i].from;
        if (file->dirty[i].to > file->dirty[0].to) file->dirty[0].to = file->dirty[i].to;
      }
      file->ranges = 1;
    }
    file->dirty[file->ranges++] = (struct range){from, to};
  }
  pthread_mutex_unlock(&lock);
}

/* The kernel has synced the file, so a power cut now leaves these bytes. Read back over a separate descriptor. */
static void keep(struct followed *file) {
  static char buffer[1 << 16];
  struct stat now;
  pthread_mutex_lock(&lock);
  int from = real_open(file->path, O_RDONLY | O_CLOEXEC);
  int to = real_open(file->shadow, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (from < 0 || to < 0 || fstat(from, &now) != 0) abort();
  for (int i = 0; i < file->ranges; i++) {
    off_t at = file->dirty[i].from;
    while (at < file->dirty[i].to && at < now.st_size) {
      off_t left = file->dirty[i].to - at;
      ssize_t got = pread(from, buffer, left < (off_t)sizeof buffer ? (size_t)left : sizeof buffer, at);
      if (got <= 0) break;
      if (real_pwrite(to, buffer, (size_t)got, at) != got) abort();
      at += got;
    }
  }
  if (real_ftruncate(to, now.st_size) != 0) abort();
  file->ranges = 0;
  real_close(from);
  real_close(to);
  pthread_mutex_unlock(&lock);
}

/* The folder was synced: new names are durable, and removed names are gone. */
static void keep_names(void) {
  for (int i = 0; i < FILES; i++) {
    if (access(files[i].path, F_OK) != 0) {
      unlink(files[i].entry);
      unlink(files[i].shadow);
      continue;
    }
    int entry = real_open(files[i].entry, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (entry >= 0) real_close(entry);
  }
}

static void synced(int fd) {
  struct followed *file = followed_by(fd);
  if (file) keep(file);
  else if (fd >= 0 && fd < MOST_FDS && file_of_fd[fd] == -1) keep_names();
}

static int is_full(int fd, off_t end) {
  struct stat now;
  return access(full, F_OK) == 0 && fstat(fd, &now) == 0 && end > now.st_size;
}

#define OPEN(name)                                      \
  int name(const char *path, int flags, ...) {          \
    va_list rest;                                       \
    va_start(rest, flags);                              \
    mode_t mode = va_arg(rest, mode_t);                 \
    va_end(rest);                                       \
    int fd = real_open(path, flags, mode);              \
    follow(fd, path);                                   \
    return fd;                                          \
  }
OPEN(open)
OPEN(open64)

int close(int fd) {
  if (fd >= 0 && fd < MOST_FDS) file_of_fd[fd] = 0;
  return real_close(fd);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off_t at) {
  struct followed *file = followed_by(fd);
  if (file && is_full(fd, at + (off_t)count)) return errno = ENOSPC, -1;
  if (file) soil(file, at, at + (off_t)count);
  return real_pwrite(fd, bytes, count, at);
}

ssize_t write(int fd, const void *bytes, size_t count) {
  struct followed *file = followed_by(fd);
  if (file) {
    off_t at = lseek(fd, 0, SEEK_CUR);
    if (is_full(fd, at + (off_t)count)) return errno = ENOSPC, -1;
    soil(file, at, at + (off_t)count);
  }
  return real_write(fd, bytes, count);
}

int ftruncate64(int fd, off_t size) {
  struct followed *file = followed_by(fd);
  if (file && is_full(fd, size)) return errno = ENOSPC, -1;
  return real_ftruncate(fd, size);
}

static void die_here(int fd) {
  if (followed_by(fd) && access(dies, F_OK) == 0) kill(getpid(), SIGKILL);
}

int fsync(int fd) {
  die_here(fd);
  int outcome = real_fsync(fd);
  if (outcome == 0) synced(fd);
  return outcome;
}

int fdatasync(int fd) {
  die_here(fd);
  int outcome = real_fdatasync(fd);
  if (outcome == 0) synced(fd);
  return outcome;
}
