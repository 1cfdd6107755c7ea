#include "nlrmt/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Who holds it, as the holder wrote it; "" if it has not yet. */
static void read_holder(int fd, char *text, size_t size) {
  ssize_t length = pread(fd, text, size - 1, 0);
  text[length > 0 ? length : 0] = 0;
  text[strcspn(text, "\n")] = 0;
}

static void write_holder(int fd) {
  char host[128] = "", text[200];
  gethostname(host, sizeof host - 1);
  int length = snprintf(text, sizeof text, "%s, process %ld\n", host, (long)getpid());
  if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)length, 0) != length)
    return; /* it is for messages only: a full disk is told when something is saved */
}

/* The holder before us may have removed the name between our open and our lock: then we hold a file
 * that nobody else can find. */
static bool is_current(const char *path, int fd) {
  struct stat mine, there;
  return fstat(fd, &mine) == 0 && stat(path, &there) == 0 && mine.st_ino == there.st_ino &&
         mine.st_dev == there.st_dev;
}

static nlrmt_status refuse(int fd, const char *path, nlrmt_error *err) {
  char holder[200];
  read_holder(fd, holder, sizeof holder);
  close(fd);
  return nlrmt_fail(err, NLRMT_ERR_CONFIG,
                    "%s: another run is writing it (%s): let it end, or choose another --output",
                    path, *holder ? holder : "just begun");
}

nlrmt_status nlrmt_lock_take(nlrmt_lock *lock, const char *path, nlrmt_error *err) {
  *lock = (nlrmt_lock){NULL, -1, false};
  char *side = NULL;
  if (asprintf(&side, "%s.lock", path) < 0)
    return nlrmt_fail(err, NLRMT_ERR_RESOURCE, "%s: out of memory", path);
  while (!lock->path) {
    int fd = open(side, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0) {
      nlrmt_fail(err, NLRMT_ERR_RESOURCE, "%s: cannot make it: %s; choose another --output", side,
                 strerror(errno));
      break;
    }
    int failed = flock(fd, LOCK_EX | LOCK_NB) == 0 ? 0 : errno;
    if (failed == EWOULDBLOCK) {
      refuse(fd, path, err);
      break;
    }
    if (failed != 0 || is_current(side, fd))
      *lock = (nlrmt_lock){side, fd, failed == 0};
    else
      close(fd);
  }
  if (lock->path)
    write_holder(lock->fd);
  else
    free(side);
  return err->status;
}

void nlrmt_lock_release(nlrmt_lock *lock) {
  if (!lock->path) return;
  unlink(lock->path); /* before the lock ends: see is_current */
  close(lock->fd);
  free(lock->path);
  *lock = (nlrmt_lock){NULL, -1, false};
}
