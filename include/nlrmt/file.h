/* file: whole files, read and replaced atomically. Local: no communication. */
#ifndef NLRMT_FILE_H
#define NLRMT_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "nlrmt/status.h"

/* Content of `path`, malloc'd, a zero byte behind it; NULL and NLRMT_ERR_RESOURCE with the reason.
 */
void *nlrmt_file_read(const char *path, size_t *size, nlrmt_error *err);

/* Replaces `path`: writes <path>.tmp.<pid>, syncs it, renames it, syncs the directory. On failure
 * NLRMT_ERR_RESOURCE, the previous file is kept and the temporary one removed. */
nlrmt_status nlrmt_file_replace(const char *path, const void *data, size_t size, nlrmt_error *err);

/* Removes what writers of `path` that were killed left behind, <path>.tmp.<number>. For the only
 * writer: see lock.h. */
void nlrmt_file_sweep(const char *path);

/* Makes the directories on the way to `path`. */
nlrmt_status nlrmt_file_make_parents(const char *path, nlrmt_error *err);

/* Renames an existing `path` to the first free <path>.1, .2, …; no effect if there is none. */
nlrmt_status nlrmt_file_move_aside(const char *path, nlrmt_error *err);

bool nlrmt_file_exists(const char *path);

#endif
