/* images: samples in files, and which of them are chosen.
 *
 *   idx      IDX images, one byte a pixel (magic number 0x00000803), and labels (0x00000801), as
 *            MNIST and Fashion-MNIST have them; plain or .gz
 *   cifar10  CIFAR-10's binary batches: records of 1 byte label, 3072 bytes pixels
 *   hdf5     any two-dimensional dataset of numbers, one sample a row
 *
 * Of the samples of the classes asked for, m are chosen at random without repetition: those with
 * the m smallest random numbers, one a sample by counter (rng.h), in that order. So the choice
 * depends on the seed alone, and a smaller m chooses a part of what a larger one does.
 * Local: no communication; rank 0 reads. Errors: NLRMT_ERR_DATA, one line that names the key, the
 * file and, where it applies, the byte; NLRMT_ERR_RESOURCE.
 */
#ifndef NLRMT_IMAGES_H
#define NLRMT_IMAGES_H

#include <stdint.h>

#include "nlrmt/config.h"

typedef struct {
  int64_t count, n0; /* samples in the files, features of each */
  int64_t available; /* of the classes asked for */
  int64_t *column;   /* [count] column of X that the sample becomes, -1 for none; owned */
} nlrmt_images;

/* Reads headers and labels. On success column[] counts the available samples. Also an error: labels
 * that are not as many as the images, a class that no sample has, fewer samples than m. */
nlrmt_status nlrmt_images_open(const nlrmt_data *data, int64_t m, nlrmt_images *images,
                               nlrmt_error *err);

/* Chooses m of the available samples: column[] becomes their place, -1 for the others. */
nlrmt_status nlrmt_images_choose(nlrmt_images *images, uint64_t seed, int64_t m, nlrmt_error *err);

/* Reads the files to their end; x [m][n0] <- the chosen samples, as stored (bytes: 0 to 255). Also
 * an error: files that are truncated, longer than they say or corrupt, numbers that are not finite.
 */
nlrmt_status nlrmt_images_read(const nlrmt_data *data, const nlrmt_images *images, double *x,
                               nlrmt_error *err);

void nlrmt_images_clear(nlrmt_images *images);

/* Local. Whether one of the files that `data` names is not there at all. */
bool nlrmt_images_absent(const nlrmt_data *data);

#endif
