/* pmpi_count: counts a program's MPI calls and their bytes, by rank, call and place of the call.
 *
 * A library to preload: mpirun -x LD_PRELOAD=.../pmpi_count.so -x PMPI_COUNT=FILE PROGRAM. At
 * MPI_Finalize each rank writes FILE.<rank>, CSV:
 *   call      as named in C; Fortran's mpi_bcast_ counts as MPI_Bcast
 *   module    file of the program or library that called
 *   address   of the call in it, 0x..., as addr2line takes it
 *   calls     how often
 *   rounds    messages on the critical path of a good algorithm: 1 for a send, 0 for a receive,
 *             ceil(log2 p) for a collective over p ranks, p - 1 for an all-to-all; 0 if p = 1
 *   sent, received   bytes of the payload, to and from other ranks, each byte once, whatever the
 *             library does with it: broadcast of c bytes: the root has sent c, the others have
 *             received c; allreduce: c each; allgather: own part sent, the others' received
 * A receive that is posted (MPI_Irecv) counts with the size of its buffer, a blocking one with what
 * came. Only calls between MPI_Init and MPI_Finalize of the program itself and of its libraries are
 * seen, not what MPI does inside. For one thread at a time. */
#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <mpi.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  const char *call;
  const void *from;
  uint64_t calls, rounds, sent, received;
} place;

enum { PLACES = 8192 };
static place table[PLACES];
static uint64_t lost; /* calls that found the table full */
static int inside;    /* > 0: called by a Fortran wrapper, which counts itself */

static void add(const char *call, const void *from, int64_t rounds, int64_t sent,
                int64_t received) {
  if (inside) return;
  size_t at = ((uintptr_t)from ^ (uintptr_t)from >> 13) % PLACES, tried = 0;
  while (table[at].calls && (table[at].from != from || strcmp(table[at].call, call)))
    if (at = (at + 1) % PLACES, ++tried == PLACES) {
      lost++;
      return;
    }
  place *p = &table[at];
  p->call = call;
  p->from = from;
  p->calls++;
  p->rounds += (uint64_t)rounds;
  p->sent += (uint64_t)sent;
  p->received += (uint64_t)received;
}

static int64_t size_of(MPI_Datatype type) {
  int size = 0;
  PMPI_Type_size(type, &size);
  return size;
}

static int ranks(MPI_Comm comm) {
  int p, inter;
  PMPI_Comm_test_inter(comm, &inter);
  if (inter)
    PMPI_Comm_remote_size(comm, &p);
  else
    PMPI_Comm_size(comm, &p);
  return p;
}

static int me(MPI_Comm comm) {
  int rank;
  PMPI_Comm_rank(comm, &rank);
  return rank;
}

static int log2_up(int p) {
  int k = 0;
  while (k < 30 && 1 << k < p) k++;
  return k;
}

/* Whether messages to or from this rank leave this one. */
static int other(int rank, MPI_Comm comm) {
  return rank != MPI_PROC_NULL && rank != me(comm);
}

static int64_t sum(int p, const int *count) {
  int64_t total = 0;
  for (int i = 0; i < p; i++) total += count[i];
  return total;
}

/* ---- what each kind of call counts for ---- */

static void count_send(const char *call, const void *from, int64_t bytes, int to, MPI_Comm comm) {
  int out = other(to, comm);
  add(call, from, out, out ? bytes : 0, 0);
}

static void count_status(const char *call, const void *from, MPI_Comm comm,
                         const MPI_Status *status) {
  int elements = 0;
  PMPI_Get_elements(status, MPI_BYTE, &elements);
  add(call, from, 0, 0, other(status->MPI_SOURCE, comm) && elements > 0 ? elements : 0);
}

static void count_sendrecv(const char *call, const void *from, int64_t out, int to, int64_t in,
                           int source, MPI_Comm comm) {
  int leaves = other(to, comm);
  add(call, from, leaves, leaves ? out : 0, other(source, comm) ? in : 0);
}

static void count_bcast(const char *call, const void *from, int64_t bytes, int root,
                        MPI_Comm comm) {
  int p = ranks(comm), mine = me(comm) == root;
  add(call, from, log2_up(p), p > 1 && mine ? bytes : 0, mine ? 0 : bytes);
}

static void count_reduce(const char *call, const void *from, int64_t bytes, int root,
                         MPI_Comm comm) {
  int p = ranks(comm), mine = me(comm) == root;
  add(call, from, log2_up(p), mine ? 0 : bytes, p > 1 && mine ? bytes : 0);
}

static void count_all(const char *call, const void *from, int64_t bytes, MPI_Comm comm) {
  int p = ranks(comm);
  add(call, from, log2_up(p), p > 1 ? bytes : 0, p > 1 ? bytes : 0);
}

/* mine: own bytes; all: those of all ranks together. */
static void count_allgather(const char *call, const void *from, int64_t mine, int64_t all,
                            MPI_Comm comm) {
  int p = ranks(comm);
  add(call, from, log2_up(p), p > 1 ? mine : 0, all - mine);
}

static void count_alltoall(const char *call, const void *from, int64_t out, int64_t in,
                           MPI_Comm comm) {
  add(call, from, ranks(comm) - 1, out, in);
}

/* ---- C ---- */

#define HERE __builtin_return_address(0)
#define BYTES(count, type) ((int64_t)(count)*size_of(type))

#define SENDER(name)                                                                               \
  int name(const void *buf, int count, MPI_Datatype type, int to, int tag, MPI_Comm comm) {        \
    count_send(#name, HERE, BYTES(count, type), to, comm);                                         \
    return P##name(buf, count, type, to, tag, comm);                                               \
  }
#define ISENDER(name)                                                                              \
  int name(const void *buf, int count, MPI_Datatype type, int to, int tag, MPI_Comm comm,          \
           MPI_Request *request) {                                                                 \
    count_send(#name, HERE, BYTES(count, type), to, comm);                                         \
    return P##name(buf, count, type, to, tag, comm, request);                                      \
  }
SENDER(MPI_Send)
SENDER(MPI_Rsend)
SENDER(MPI_Ssend)
ISENDER(MPI_Isend)
ISENDER(MPI_Irsend)
ISENDER(MPI_Issend)

int MPI_Recv(void *buf, int count, MPI_Datatype type, int source, int tag, MPI_Comm comm,
             MPI_Status *status) {
  MPI_Status own;
  if (status == MPI_STATUS_IGNORE) status = &own;
  int code = PMPI_Recv(buf, count, type, source, tag, comm, status);
  count_status("MPI_Recv", HERE, comm, status);
  return code;
}

int MPI_Irecv(void *buf, int count, MPI_Datatype type, int source, int tag, MPI_Comm comm,
              MPI_Request *request) {
  add("MPI_Irecv", HERE, 0, 0, other(source, comm) ? BYTES(count, type) : 0);
  return PMPI_Irecv(buf, count, type, source, tag, comm, request);
}

int MPI_Sendrecv(const void *out, int out_count, MPI_Datatype out_type, int to, int out_tag,
                 void *in, int in_count, MPI_Datatype in_type, int source, int in_tag,
                 MPI_Comm comm, MPI_Status *status) {
  count_sendrecv("MPI_Sendrecv", HERE, BYTES(out_count, out_type), to, BYTES(in_count, in_type),
                 source, comm);
  return PMPI_Sendrecv(out, out_count, out_type, to, out_tag, in, in_count, in_type, source, in_tag,
                       comm, status);
}

int MPI_Sendrecv_replace(void *buf, int count, MPI_Datatype type, int to, int out_tag, int source,
                         int in_tag, MPI_Comm comm, MPI_Status *status) {
  int64_t bytes = BYTES(count, type);
  count_sendrecv("MPI_Sendrecv_replace", HERE, bytes, to, bytes, source, comm);
  return PMPI_Sendrecv_replace(buf, count, type, to, out_tag, source, in_tag, comm, status);
}

int MPI_Barrier(MPI_Comm comm) {
  add("MPI_Barrier", HERE, log2_up(ranks(comm)), 0, 0);
  return PMPI_Barrier(comm);
}

int MPI_Bcast(void *buf, int count, MPI_Datatype type, int root, MPI_Comm comm) {
  count_bcast("MPI_Bcast", HERE, BYTES(count, type), root, comm);
  return PMPI_Bcast(buf, count, type, root, comm);
}

int MPI_Ibcast(void *buf, int count, MPI_Datatype type, int root, MPI_Comm comm,
               MPI_Request *request) {
  count_bcast("MPI_Ibcast", HERE, BYTES(count, type), root, comm);
  return PMPI_Ibcast(buf, count, type, root, comm, request);
}

int MPI_Reduce(const void *in, void *out, int count, MPI_Datatype type, MPI_Op op, int root,
               MPI_Comm comm) {
  count_reduce("MPI_Reduce", HERE, BYTES(count, type), root, comm);
  return PMPI_Reduce(in, out, count, type, op, root, comm);
}

int MPI_Allreduce(const void *in, void *out, int count, MPI_Datatype type, MPI_Op op,
                  MPI_Comm comm) {
  count_all("MPI_Allreduce", HERE, BYTES(count, type), comm);
  return PMPI_Allreduce(in, out, count, type, op, comm);
}

int MPI_Iallreduce(const void *in, void *out, int count, MPI_Datatype type, MPI_Op op,
                   MPI_Comm comm, MPI_Request *request) {
  count_all("MPI_Iallreduce", HERE, BYTES(count, type), comm);
  return PMPI_Iallreduce(in, out, count, type, op, comm, request);
}

int MPI_Scan(const void *in, void *out, int count, MPI_Datatype type, MPI_Op op, MPI_Comm comm) {
  count_all("MPI_Scan", HERE, BYTES(count, type), comm);
  return PMPI_Scan(in, out, count, type, op, comm);
}

int MPI_Reduce_scatter(const void *in, void *out, const int *counts, MPI_Datatype type, MPI_Op op,
                       MPI_Comm comm) {
  int p = ranks(comm);
  int64_t own = BYTES(counts[me(comm)], type), all = sum(p, counts) * size_of(type);
  add("MPI_Reduce_scatter", HERE, log2_up(p), all - own, p > 1 ? own : 0);
  return PMPI_Reduce_scatter(in, out, counts, type, op, comm);
}

int MPI_Allgather(const void *out, int out_count, MPI_Datatype out_type, void *in, int in_count,
                  MPI_Datatype in_type, MPI_Comm comm) {
  int64_t bytes = BYTES(in_count, in_type);
  count_allgather("MPI_Allgather", HERE, bytes, bytes * ranks(comm), comm);
  return PMPI_Allgather(out, out_count, out_type, in, in_count, in_type, comm);
}

int MPI_Allgatherv(const void *out, int out_count, MPI_Datatype out_type, void *in,
                   const int *counts, const int *displs, MPI_Datatype in_type, MPI_Comm comm) {
  int64_t size = size_of(in_type);
  count_allgather("MPI_Allgatherv", HERE, size * counts[me(comm)], size * sum(ranks(comm), counts),
                  comm);
  return PMPI_Allgatherv(out, out_count, out_type, in, counts, displs, in_type, comm);
}

int MPI_Gather(const void *out, int out_count, MPI_Datatype out_type, void *in, int in_count,
               MPI_Datatype in_type, int root, MPI_Comm comm) {
  int p = ranks(comm), mine = me(comm) == root;
  add("MPI_Gather", HERE, log2_up(p), mine ? 0 : BYTES(out_count, out_type),
      mine ? (p - 1) * BYTES(in_count, in_type) : 0);
  return PMPI_Gather(out, out_count, out_type, in, in_count, in_type, root, comm);
}

int MPI_Gatherv(const void *out, int out_count, MPI_Datatype out_type, void *in, const int *counts,
                const int *displs, MPI_Datatype in_type, int root, MPI_Comm comm) {
  int p = ranks(comm), rank = me(comm);
  int64_t in_bytes = rank == root ? (sum(p, counts) - counts[rank]) * size_of(in_type) : 0;
  add("MPI_Gatherv", HERE, log2_up(p), rank == root ? 0 : BYTES(out_count, out_type), in_bytes);
  return PMPI_Gatherv(out, out_count, out_type, in, counts, displs, in_type, root, comm);
}

int MPI_Scatter(const void *out, int out_count, MPI_Datatype out_type, void *in, int in_count,
                MPI_Datatype in_type, int root, MPI_Comm comm) {
  int p = ranks(comm), mine = me(comm) == root;
  add("MPI_Scatter", HERE, log2_up(p), mine ? (p - 1) * BYTES(out_count, out_type) : 0,
      mine ? 0 : BYTES(in_count, in_type));
  return PMPI_Scatter(out, out_count, out_type, in, in_count, in_type, root, comm);
}

int MPI_Alltoall(const void *out, int out_count, MPI_Datatype out_type, void *in, int in_count,
                 MPI_Datatype in_type, MPI_Comm comm) {
  int64_t bytes = (ranks(comm) - 1) * BYTES(in_count, in_type);
  count_alltoall("MPI_Alltoall", HERE, bytes, bytes, comm);
  return PMPI_Alltoall(out, out_count, out_type, in, in_count, in_type, comm);
}

int MPI_Alltoallv(const void *out, const int *out_counts, const int *out_displs,
                  MPI_Datatype out_type, void *in, const int *in_counts, const int *in_displs,
                  MPI_Datatype in_type, MPI_Comm comm) {
  int p = ranks(comm), rank = me(comm);
  count_alltoall("MPI_Alltoallv", HERE, (sum(p, out_counts) - out_counts[rank]) * size_of(out_type),
                 (sum(p, in_counts) - in_counts[rank]) * size_of(in_type), comm);
  return PMPI_Alltoallv(out, out_counts, out_displs, out_type, in, in_counts, in_displs, in_type,
                        comm);
}

/* ---- Fortran, as ELPA calls it: handles are integers, everything by reference. Declared weak: a
 * program without Fortran has no pmpi_*_. ---- */

typedef MPI_Fint fint;
#define COMM(c) PMPI_Comm_f2c(*(c))
#define FBYTES(count, type) ((int64_t) * (count)*size_of(PMPI_Type_f2c(*(type))))
#define FORWARD(what)                                                                              \
  do {                                                                                             \
    inside++;                                                                                      \
    what;                                                                                          \
    inside--;                                                                                      \
  } while (0)
#define FORTRAN(name, ...)                                                                         \
  void p##name(__VA_ARGS__) __attribute__((weak));                                                 \
  void name(__VA_ARGS__) __attribute__((visibility("default")));                                   \
  void name(__VA_ARGS__)

FORTRAN(mpi_send_, void *buf, fint *n, fint *type, fint *to, fint *tag, fint *comm, fint *ierr) {
  count_send("MPI_Send", HERE, FBYTES(n, type), *to, COMM(comm));
  FORWARD(pmpi_send_(buf, n, type, to, tag, comm, ierr));
}

FORTRAN(mpi_isend_, void *buf, fint *n, fint *type, fint *to, fint *tag, fint *comm, fint *request,
        fint *ierr) {
  count_send("MPI_Isend", HERE, FBYTES(n, type), *to, COMM(comm));
  FORWARD(pmpi_isend_(buf, n, type, to, tag, comm, request, ierr));
}

/* Its status may be Fortran's "ignore", which C does not know: the buffer's size counts. */
FORTRAN(mpi_recv_, void *buf, fint *n, fint *type, fint *source, fint *tag, fint *comm,
        fint *status, fint *ierr) {
  add("MPI_Recv", HERE, 0, 0, other(*source, COMM(comm)) ? FBYTES(n, type) : 0);
  FORWARD(pmpi_recv_(buf, n, type, source, tag, comm, status, ierr));
}

FORTRAN(mpi_irecv_, void *buf, fint *n, fint *type, fint *source, fint *tag, fint *comm,
        fint *request, fint *ierr) {
  add("MPI_Irecv", HERE, 0, 0, other(*source, COMM(comm)) ? FBYTES(n, type) : 0);
  FORWARD(pmpi_irecv_(buf, n, type, source, tag, comm, request, ierr));
}

FORTRAN(mpi_sendrecv_, void *out, fint *n, fint *type, fint *to, fint *tag, void *in, fint *in_n,
        fint *in_type, fint *source, fint *in_tag, fint *comm, fint *status, fint *ierr) {
  count_sendrecv("MPI_Sendrecv", HERE, FBYTES(n, type), *to, FBYTES(in_n, in_type), *source,
                 COMM(comm));
  FORWARD(
      pmpi_sendrecv_(out, n, type, to, tag, in, in_n, in_type, source, in_tag, comm, status, ierr));
}

FORTRAN(mpi_sendrecv_replace_, void *buf, fint *n, fint *type, fint *to, fint *tag, fint *source,
        fint *in_tag, fint *comm, fint *status, fint *ierr) {
  count_sendrecv("MPI_Sendrecv_replace", HERE, FBYTES(n, type), *to, FBYTES(n, type), *source,
                 COMM(comm));
  FORWARD(pmpi_sendrecv_replace_(buf, n, type, to, tag, source, in_tag, comm, status, ierr));
}

FORTRAN(mpi_barrier_, fint *comm, fint *ierr) {
  add("MPI_Barrier", HERE, log2_up(ranks(COMM(comm))), 0, 0);
  FORWARD(pmpi_barrier_(comm, ierr));
}

FORTRAN(mpi_bcast_, void *buf, fint *n, fint *type, fint *root, fint *comm, fint *ierr) {
  count_bcast("MPI_Bcast", HERE, FBYTES(n, type), *root, COMM(comm));
  FORWARD(pmpi_bcast_(buf, n, type, root, comm, ierr));
}

FORTRAN(mpi_ibcast_, void *buf, fint *n, fint *type, fint *root, fint *comm, fint *request,
        fint *ierr) {
  count_bcast("MPI_Ibcast", HERE, FBYTES(n, type), *root, COMM(comm));
  FORWARD(pmpi_ibcast_(buf, n, type, root, comm, request, ierr));
}

FORTRAN(mpi_reduce_, void *in, void *out, fint *n, fint *type, fint *op, fint *root, fint *comm,
        fint *ierr) {
  count_reduce("MPI_Reduce", HERE, FBYTES(n, type), *root, COMM(comm));
  FORWARD(pmpi_reduce_(in, out, n, type, op, root, comm, ierr));
}

FORTRAN(mpi_allreduce_, void *in, void *out, fint *n, fint *type, fint *op, fint *comm,
        fint *ierr) {
  count_all("MPI_Allreduce", HERE, FBYTES(n, type), COMM(comm));
  FORWARD(pmpi_allreduce_(in, out, n, type, op, comm, ierr));
}

FORTRAN(mpi_iallreduce_, void *in, void *out, fint *n, fint *type, fint *op, fint *comm,
        fint *request, fint *ierr) {
  count_all("MPI_Iallreduce", HERE, FBYTES(n, type), COMM(comm));
  FORWARD(pmpi_iallreduce_(in, out, n, type, op, comm, request, ierr));
}

FORTRAN(mpi_allgather_, void *out, fint *n, fint *type, void *in, fint *in_n, fint *in_type,
        fint *comm, fint *ierr) {
  int64_t bytes = FBYTES(in_n, in_type);
  count_allgather("MPI_Allgather", HERE, bytes, bytes * ranks(COMM(comm)), COMM(comm));
  FORWARD(pmpi_allgather_(out, n, type, in, in_n, in_type, comm, ierr));
}

FORTRAN(mpi_alltoall_, void *out, fint *n, fint *type, void *in, fint *in_n, fint *in_type,
        fint *comm, fint *ierr) {
  int64_t bytes = (ranks(COMM(comm)) - 1) * FBYTES(in_n, in_type);
  count_alltoall("MPI_Alltoall", HERE, bytes, bytes, COMM(comm));
  FORWARD(pmpi_alltoall_(out, n, type, in, in_n, in_type, comm, ierr));
}

FORTRAN(mpi_alltoallv_, void *out, fint *n, fint *displs, fint *type, void *in, fint *in_n,
        fint *in_displs, fint *in_type, fint *comm, fint *ierr) {
  int p = ranks(COMM(comm)), rank = me(COMM(comm));
  count_alltoall("MPI_Alltoallv", HERE, (sum(p, n) - n[rank]) * size_of(PMPI_Type_f2c(*type)),
                 (sum(p, in_n) - in_n[rank]) * size_of(PMPI_Type_f2c(*in_type)), COMM(comm));
  FORWARD(pmpi_alltoallv_(out, n, displs, type, in, in_n, in_displs, in_type, comm, ierr));
}

/* ---- the report ---- */

/* Module and address in it, one byte before the return address: inside the call. */
static void write_place(FILE *file, const place *p) {
  Dl_info info = {0};
  uintptr_t at = (uintptr_t)p->from - 1;
  if (dladdr((const void *)at, &info) && info.dli_fbase) {
    const ElfW(Ehdr) *header = info.dli_fbase;
    if (header->e_type == ET_DYN) at -= (uintptr_t)info.dli_fbase;
  }
  fprintf(file, "%s,%s,0x%llx,%llu,%llu,%llu,%llu\n", p->call,
          info.dli_fname ? info.dli_fname : "?", (unsigned long long)at,
          (unsigned long long)p->calls, (unsigned long long)p->rounds, (unsigned long long)p->sent,
          (unsigned long long)p->received);
}

static void report(void) {
  const char *name = getenv("PMPI_COUNT");
  char path[4096];
  if (!name) return;
  snprintf(path, sizeof path, "%s.%d", name, me(MPI_COMM_WORLD));
  FILE *file = fopen(path, "w");
  if (!file) {
    fprintf(stderr, "pmpi_count: cannot write %s\n", path);
    return;
  }
  fprintf(file, "call,module,address,calls,rounds,sent,received\n");
  for (int i = 0; i < PLACES; i++)
    if (table[i].calls) write_place(file, &table[i]);
  if (lost) fprintf(file, "lost,?,0,%llu,0,0,0\n", (unsigned long long)lost);
  fclose(file);
}

int MPI_Finalize(void) {
  report();
  return PMPI_Finalize();
}
