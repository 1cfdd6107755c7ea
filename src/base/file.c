#include "nlrmt/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_LIMIT = 4096 };

bool nlrmt_file_exists(const char *path) {
  struct stat info;
  return stat(path, &info) == 0;
}

static nlrmt_status refuse(nlrmt_error *err, const char *path, const char *what,
                           const char *remedy) {
  return nlrmt_fail(err, NLRMT_ERR_RESOURCE, "%s: %s: %s%s", path, what, strerror(errno), remedy);
}

void *nlrmt_file_read(const char *path, size_t *size, nlrmt_error *err) {
  struct stat info;
  FILE *f = fopen(path, "rb");
  char *data = NULL;
  if (!f || fstat(fileno(f), &info) != 0) {
    refuse(err, path, "cannot open", "");
  } else if (!S_ISREG(info.st_mode)) {
    nlrmt_fail(err, NLRMT_ERR_RESOURCE, "%s: not a regular file", path);
  } else if (!(data = malloc((size_t)info.st_size + 1))) {
    nlrmt_fail(err, NLRMT_ERR_RESOURCE, "%s: no memory for %lld bytes", path,
               (long long)info.st_size);
  } else {
    *size = fread(data, 1, (size_t)info.st_size, f);
    data[*size] = 0;
    if (*size != (size_t)info.st_size) {
      nlrmt_fail(err, NLRMT_ERR_RESOURCE, "%s: read %zu of %lld bytes", path, *size,
                 (long long)info.st_size);
      free(data);
      data = NULL;
    }
  }
  if (f) fclose(f);
  return data;
}

static bool write_all(int fd, const char *data, size_t size) {
  while (size > 0) {
    ssize_t written = write(fd, data, size);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    data += written;
    size -= (size_t)written;
  }
  return true;
}

static void sync_directory(const char *path) {
  char directory[PATH_LIMIT];
  const char *slash = strrchr(path, '/');
  if (!slash)
    snprintf(directory, sizeof directory, ".");
  else
    snprintf(directory, sizeof directory, "%.*s", (int)(slash - path + 1), path);
  int fd = open(directory, O_RDONLY | O_DIRECTORY);
  if (fd >= 0) {
    fsync(fd); /* some file systems refuse it on directories: the data itself is already safe */
    close(fd);
  }
}

nlrmt_status nlrmt_file_replace(const char *path, const void *data, size_t size, nlrmt_error *err) {
  static const char kept[] = "; the previous file, if any, is kept";
  char temporary[PATH_LIMIT];
  if (snprintf(temporary, sizeof temporary, "%s.tmp.%ld", path, (long)getpid()) >= PATH_LIMIT)
    return nlrmt_fail(err, NLRMT_ERR_RESOURCE, "%s: path too long", path);
  int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd < 0) return refuse(err, path, "cannot write", kept);
  bool ok = write_all(fd, data, size) && fsync(fd) == 0;
  if (!ok) refuse(err, path, "cannot write", kept);
  if (close(fd) != 0 && ok) ok = false, refuse(err, path, "cannot write", kept);
  if (ok && rename(temporary, path) != 0) ok = false, refuse(err, path, "cannot rename", kept);
  if (ok)
    sync_directory(path);
  else
    unlink(temporary);
  return err->status;
}

nlrmt_status nlrmt_file_make_parents(const char *path, nlrmt_error *err) {
  char directory[PATH_LIMIT];
  if (snprintf(directory, sizeof directory, "%s", path) >= PATH_LIMIT)
    return nlrmt_fail(err, NLRMT_ERR_RESOURCE, "%s: path too long", path);
  for (char *slash = strchr(directory + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
    *slash = 0;
    if (mkdir(directory, 0777) != 0 && errno != EEXIST)
      return refuse(err, directory, "cannot make this directory", "; choose another with --output");
    *slash = '/';
  }
  return NLRMT_OK;
}

nlrmt_status nlrmt_file_move_aside(const char *path, nlrmt_error *err) {
  char aside[PATH_LIMIT];
  if (!nlrmt_file_exists(path)) return NLRMT_OK;
  for (int i = 1; i < 1000000; i++) {
    if (snprintf(aside, sizeof aside, "%s.%d", path, i) >= PATH_LIMIT) break;
    if (nlrmt_file_exists(aside)) continue;
    return rename(path, aside) == 0 ? NLRMT_OK : refuse(err, path, "cannot move it aside", "");
  }
  return nlrmt_fail(err, NLRMT_ERR_RESOURCE, "%s: no free name to move it aside", path);
}
