#include "nlrmt/file.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nlrmt/fault.h"

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

/* The directory that holds `path`, [PATH_LIMIT]; returns the name in it. */
static const char *split_path(const char *path, char *directory) {
  const char *slash = strrchr(path, '/');
  if (!slash)
    snprintf(directory, PATH_LIMIT, ".");
  else
    snprintf(directory, PATH_LIMIT, "%.*s", (int)(slash - path + 1), path);
  return slash ? slash + 1 : path;
}

static void sync_directory(const char *path) {
  char directory[PATH_LIMIT];
  split_path(path, directory);
  int fd = open(directory, O_RDONLY | O_DIRECTORY);
  if (fd >= 0) {
    fsync(fd); /* some file systems refuse it on directories: the data itself is already safe */
    close(fd);
  }
}

/* In two halves, so that a test can end the program, or fill the disk, between them. */
static bool write_data(int fd, const char *data, size_t size) {
  size_t half = size / 2;
  bool ok = write_all(fd, data, half);
  nlrmt_fault("kill.half");
  ok = ok && !nlrmt_fault("save.write") && write_all(fd, data + half, size - half);
  nlrmt_fault("kill.sync");
  return ok;
}

nlrmt_status nlrmt_file_replace(const char *path, const void *data, size_t size, nlrmt_error *err) {
  static const char kept[] = "; the previous file, if any, is kept";
  char temporary[PATH_LIMIT];
  if (snprintf(temporary, sizeof temporary, "%s.tmp.%ld", path, (long)getpid()) >= PATH_LIMIT)
    return nlrmt_fail(err, NLRMT_ERR_RESOURCE, "%s: path too long", path);
  nlrmt_fault("kill.open");
  int fd = -1;
  if (!nlrmt_fault("save.open"))
    fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd < 0) return refuse(err, path, "cannot write", kept);
  bool ok = write_data(fd, data, size) && !nlrmt_fault("save.sync") && fsync(fd) == 0;
  if (!ok) refuse(err, path, "cannot write", kept);
  if ((close(fd) != 0 || nlrmt_fault("save.close")) && ok)
    ok = false, refuse(err, path, "cannot write", kept);
  nlrmt_fault("kill.rename");
  if (ok && (nlrmt_fault("save.rename") || rename(temporary, path) != 0))
    ok = false, refuse(err, path, "cannot rename", kept);
  nlrmt_fault("kill.saved");
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

void nlrmt_file_sweep(const char *path) {
  static const char middle[] = ".tmp.";
  char directory[PATH_LIMIT];
  const char *name = split_path(path, directory);
  size_t length = strlen(name);
  DIR *d = opendir(directory);
  for (struct dirent *entry; d && (entry = readdir(d));) {
    const char *rest = entry->d_name + length;
    if (strncmp(entry->d_name, name, length) != 0 || strncmp(rest, middle, strlen(middle)) != 0)
      continue;
    const char *digit = rest += strlen(middle);
    while (isdigit((unsigned char)*digit)) digit++;
    if (digit > rest && *digit == 0) unlinkat(dirfd(d), entry->d_name, 0);
  }
  if (d) closedir(d);
}
