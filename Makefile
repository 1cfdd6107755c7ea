# nlrmt: make            build ./nlrmt_sim and ./nlrmt_theory with what is installed
#        make demo       set up a fresh machine, build, run figure A1 small, draw it
#        make check      set up a fresh machine, build, run all tests; BUILD=asan: with the sanitizers
#        make bench      measurements, no tests: docs/performance.md; BENCH="--size 4096 --only R1"
#        make gallery    every figure small, into docs/gallery (ten minutes)
#        make fuzz       fuzzes every reader with the sanitizers (clang; docs/reliability-tools.md)
#        make valgrind, make lint    memcheck on the serial tests; cppcheck
#        make stress     random parameters for the law solver, every one certified (minutes)
#        make install, make uninstall [PREFIX=/usr/local] [DESTDIR=], make man, make measure
#        make clean
# Other compilers and libraries: copy config.mk.example to config.mk (see README.md, "On a cluster").
-include config.mk

PKG_CONFIG ?= pkg-config
MPICC      ?= mpicc
.DEFAULT_GOAL := all
BUILD      ?= release
B          := build/$(BUILD)

# One foreign library, one line; tools/libraries names what is missing and the package that has it.
HDF5_PC    ?= $(firstword $(foreach p,hdf5-serial hdf5 hdf5-openmpi,$(shell $(PKG_CONFIG) --exists $(p) 2>/dev/null && echo $(p))))
HDF5_CFLAGS ?= $(shell $(PKG_CONFIG) --cflags $(HDF5_PC) 2>/dev/null)
HDF5_LIBS  ?= $(shell $(PKG_CONFIG) --libs-only-L $(HDF5_PC) 2>/dev/null) -lhdf5_hl -lhdf5
HDF5_CC    ?= $(if $(filter hdf5-openmpi,$(HDF5_PC)),$(MPICC),$(CC)) # a parallel HDF5's header needs MPI's
GSL_LIBS   ?= -lgsl
INIH_LIBS  ?= -linih
MUPARSER_LIBS ?= -lmuparser
ZLIB_LIBS  ?= -lz
BASE_LIBS  = $(INIH_LIBS) $(MUPARSER_LIBS)
BLAS_LIBS  ?= -lopenblas
SCALAPACK_LIBS ?= -lscalapack-openmpi
ELPA       ?= $(shell $(PKG_CONFIG) --exists elpa 2>/dev/null && echo yes)
ifeq ($(ELPA),yes)
ELPA_CFLAGS ?= $(shell $(PKG_CONFIG) --cflags elpa) -DNLRMT_HAVE_ELPA
ELPA_LIBS  ?= $(shell $(PKG_CONFIG) --libs-only-L elpa) -lelpa
endif

ONEDNN     ?= $(shell printf '\043include <oneapi/dnnl/dnnl.h>\n' | $(CC) -E - >/dev/null 2>&1 && echo yes)
ifeq ($(ONEDNN),yes)
ONEDNN_CFLAGS ?= -DNLRMT_HAVE_ONEDNN
ONEDNN_LIBS ?= -ldnnl -lgomp
endif

VERSION    := 0.1.0
GIT_COMMIT := $(shell git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)$(shell git diff --quiet HEAD 2>/dev/null || echo -dirty)

SIM_DEFS   := -DNLRMT_VERSION='"$(VERSION)"' -DNLRMT_GIT_COMMIT='"$(GIT_COMMIT)"' \
  -DNLRMT_ELPA='"$(if $(filter yes,$(ELPA)),$(shell $(PKG_CONFIG) --modversion elpa),none)"' \
  -DNLRMT_SCALAPACK='"$(or $(shell $(PKG_CONFIG) --modversion scalapack-openmpi 2>/dev/null),unknown)"'

# What the output says of its program is compiled in anew whenever it changes.
$(shell mkdir -p $(B); echo '$(SIM_DEFS)' | cmp -s - $(B)/version || echo '$(SIM_DEFS)' >$(B)/version)
$(addprefix $(B)/sim/,main.o run.o theory_main.o output_theory.o): $(B)/version
# The programs in the root belong to the BUILD that linked them last.
$(shell echo '$(BUILD)' | cmp -s - build/linked || echo '$(BUILD)' >build/linked)
nlrmt_sim nlrmt_theory: build/linked

# -ffp-contract=off: the random numbers must have the same bits on every instruction set.
# -fno-math-errno: sqrt without errno vectorises (4 x in the random numbers), same values.
OPT_release := -O3
OPT_debug  := -O0
OPT_asan   := -O1 -fsanitize=address,undefined -fno-omit-frame-pointer
OPT_fuzz   := $(OPT_asan) -fsanitize=fuzzer-no-link
OPT        ?= $(OPT_$(BUILD))
WARN       := -Wall -Wextra -Wshadow -Wpointer-arith -Wstrict-prototypes -Wmissing-prototypes -Wvla
CFLAGS     ?= -g $(OPT) $(WARN)
# glibc 2.36's <complex.h> has no CMPLX for clang.
CMPLX      := $(shell printf '\043include <complex.h>\nCMPLX(0,0)\n' | $(CC) -std=c11 -E - 2>/dev/null | grep -qx 'CMPLX(0,0)' && \
  echo "-D'CMPLX(x,y)=__builtin_complex((double)(x),(double)(y))'")
ALL_CFLAGS := -std=c11 -D_GNU_SOURCE -ffp-contract=off -fno-math-errno -Iinclude $(CMPLX) $(CFLAGS)

FLOOR      = $(patsubst src/%.c,$(B)/%.o,$(wildcard src/$(1)/*.c))
BASE       := $(call FLOOR,base)
THEORY     := $(call FLOOR,theory)
LINALG     := $(call FLOOR,linalg)
# Of the top floor, what needs no MPI: compiled with plain cc, and all that nlrmt_theory takes of it.
SERIAL     := $(patsubst %,$(B)/sim/%.o,h5 output_theory output_transforms progress theory_options theory_run theory_table)
SIM        := $(filter-out %main.o $(B)/sim/theory_%,$(call FLOOR,sim))
ALL_LIBS   := $(SCALAPACK_LIBS) $(ELPA_LIBS) $(ONEDNN_LIBS) $(BLAS_LIBS) $(HDF5_LIBS) $(ZLIB_LIBS) $(GSL_LIBS) $(BASE_LIBS) -lm
TESTS_SERIAL := $(patsubst tests/%.c,$(B)/tests/%,$(wildcard tests/test_*.c))
TESTS_MPI  := $(patsubst tests/%.c,$(B)/tests/%,$(wildcard tests/mpi_*.c))

all: nlrmt_sim nlrmt_theory

# Once, and again when the flags change: every library can be compiled and linked, or is named.
$(B)/libraries: Makefile $(wildcard config.mk) tools/libraries
	@mkdir -p $(@D)
	@$(foreach v,CC MPICC CFLAGS LDFLAGS GSL_LIBS INIH_LIBS MUPARSER_LIBS ZLIB_LIBS BLAS_LIBS SCALAPACK_LIBS HDF5_CFLAGS \
	  HDF5_LIBS ELPA ELPA_CFLAGS ELPA_LIBS ONEDNN ONEDNN_LIBS,$(v)='$($(v))') tools/libraries && touch $@

nlrmt_sim: $(B)/sim/main.o $(SIM) $(LINALG) $(THEORY) $(BASE)
	$(MPICC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(ALL_LIBS)
nlrmt_theory: $(B)/sim/theory_main.o $(SERIAL) $(THEORY) $(BASE)
	$(HDF5_CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(HDF5_LIBS) $(GSL_LIBS) $(BASE_LIBS) -lm

$(B)/base/%.o: src/base/%.c | $(B)/libraries
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<
$(B)/theory/%.o: src/theory/%.c | $(B)/libraries
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<
$(B)/linalg/%.o: src/linalg/%.c | $(B)/libraries
	@mkdir -p $(@D)
	$(MPICC) $(ALL_CFLAGS) $(ELPA_CFLAGS) $(ONEDNN_CFLAGS) -MMD -MP -c -o $@ $<
# These kernels' vectors multiply and add in one instruction, and pass by value where inlined.
$(B)/linalg/eig_band%.o: ALL_CFLAGS += -ffp-contract=fast -Wno-psabi
$(B)/sim/%.o: src/sim/%.c | $(B)/libraries
	@mkdir -p $(@D)
	$(MPICC) $(ALL_CFLAGS) $(SIM_DEFS) $(HDF5_CFLAGS) -MMD -MP -c -o $@ $<

$(SERIAL) $(B)/sim/theory_main.o: $(B)/sim/%.o: src/sim/%.c | $(B)/libraries
	@mkdir -p $(@D)
	$(HDF5_CC) $(ALL_CFLAGS) $(SIM_DEFS) $(HDF5_CFLAGS) -MMD -MP -c -o $@ $<

# Serial tests: plain cc, no MPI: what they link proves that base and theory need none.
$(B)/tests/test_%: tests/test_%.c $(THEORY) $(BASE)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -MMD -MP -o $@ $(filter %.c %.o,$^) $(GSL_LIBS) $(BASE_LIBS) -lm
# The fuzz targets over their corpus; images.o and what it reads with are of the top floor's serial part.
FUZZED     := $(addprefix $(B)/sim/,images.o options.o h5.o)
$(B)/tests/test_fuzz_corpus: tests/test_fuzz_corpus.c $(wildcard tests/fuzz/*.c) $(FUZZED) $(BASE) $(B)/theory/data_law.o
	@mkdir -p $(@D)
	$(MPICC) $(ALL_CFLAGS) $(HDF5_CFLAGS) $(LDFLAGS) -o $@ $(filter %.c %.o,$^) $(HDF5_LIBS) $(ZLIB_LIBS) $(BASE_LIBS) -lm
$(B)/tests/mpi_%: tests/mpi_%.c $(SIM) $(LINALG) $(THEORY) $(BASE)
	@mkdir -p $(@D)
	$(MPICC) $(ALL_CFLAGS) $(LDFLAGS) -MMD -MP -o $@ $(filter %.c %.o,$^) $(ALL_LIBS)

# Programs that print measurements, and tools/bench, which runs them and the simulation side by side.
BENCHES    := $(patsubst tests/%.c,$(B)/tests/%,$(wildcard tests/bench_*.c)) $(B)/tests/pmpi_count.so
bench: all $(BENCHES)
	BUILD=$(BUILD) tools/bench $(BENCH)
benches: all $(BENCHES)
# Counts MPI calls (preloaded, so without sanitizers), and what it is tested with.
$(B)/tests/pmpi_count.so: tests/pmpi_count.c | $(B)/libraries
	@mkdir -p $(@D)
	$(MPICC) -std=c11 -D_GNU_SOURCE -g -O2 $(WARN) -shared -fPIC -o $@ $< -ldl
$(B)/tests/pmpi_toy: tests/pmpi_toy.c | $(B)/libraries
	@mkdir -p $(@D)
	$(MPICC) -std=c11 -g -O1 $(WARN) -o $@ $<
$(B)/tests/bench_rng: tests/bench_rng.c $(BASE)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -MMD -MP -o $@ $(filter %.c %.o,$^) $(BASE_LIBS) -lm
$(B)/tests/bench_theory $(B)/tests/stress_theory: $(B)/tests/%: tests/%.c $(THEORY) $(BASE)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -MMD -MP -o $@ $(filter %.c %.o,$^) $(GSL_LIBS) $(BASE_LIBS) -lm
$(B)/tests/bench_%: tests/bench_%.c $(LINALG) $(BASE)
	@mkdir -p $(@D)
	$(MPICC) $(ALL_CFLAGS) $(LDFLAGS) -MMD -MP -o $@ $(filter %.c %.o,$^) $(ALL_LIBS)

# make stress STRESS="sets seed"; the line of a set that fails says how to repeat it.
STRESS     ?= 10000 1
stress: $(B)/tests/stress_theory
	$(B)/tests/stress_theory $(STRESS)

# make fuzz: libFuzzer with the sanitizers (needs clang), FUZZ_SECONDS or FUZZ_RUNS for each target of
# FUZZ; see docs/reliability-tools.md. A finding ends it and stays in build/fuzz/found.
FUZZ       ?= $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_SECONDS ?= $(if $(FUZZ_RUNS),0,60)
fuzz:
	@OMPI_CC=clang MPICH_CC=clang $(MAKE) --no-print-directory -s BUILD=fuzz CC=clang HDF5_CC=clang $(patsubst %,build/fuzz/fuzz_%,$(FUZZ))
	@FUZZ_SECONDS=$(FUZZ_SECONDS) FUZZ_RUNS=$(or $(FUZZ_RUNS),-1) tests/fuzz/run $(FUZZ)
$(B)/fuzz_%: tests/fuzz/fuzz_%.c $(wildcard tests/fuzz/*.h) $(FUZZED) $(BASE) $(B)/theory/data_law.o
	@mkdir -p $(@D)
	$(MPICC) $(ALL_CFLAGS) -DNLRMT_LIBFUZZER -fsanitize=fuzzer $(HDF5_CFLAGS) $(LDFLAGS) -o $@ $(filter %.c %.o,$^) \
	  $(HDF5_LIBS) $(ZLIB_LIBS) $(BASE_LIBS) -lm

tests: all $(TESTS_SERIAL) $(TESTS_MPI) $(addprefix $(B)/tests/,pmpi_count.so pmpi_toy bench_gemm)

include packaging/install.mk

# The set-up may install what the lines above look for, hence the fresh make.
demo:
	@tools/setup
	@$(MAKE) --no-print-directory -s all
	@tools/demo
check:
	@tools/setup
	@tools/setup slurm
	@tools/setup browser
	@$(MAKE) --no-print-directory -s -j$(shell nproc) tests
	@tests/run

gallery: all
	@. tools/mpi.sh; MPIRUN="$$MPIRUN" tools/gallery

# Memory errors and leaks in the serial tests (needs valgrind); what the tests count is not asked.
valgrind: tests
	@tests/valgrind
# What cppcheck says of src, but for what tests/cppcheck.supp explains.
lint:
	@cppcheck --quiet --error-exitcode=1 --std=c11 --enable=warning,performance,portability --inline-suppr \
	  --suppressions-list=tests/cppcheck.supp --suppress=missingIncludeSystem -Iinclude \
	  $(addprefix -Isrc/,base theory linalg sim) src && echo "cppcheck: no findings"

clean:
	rm -rf build nlrmt_sim nlrmt_theory

.PHONY: all tests demo check gallery bench benches stress fuzz valgrind lint clean
.SECONDARY:
-include $(shell find $(B) -name '*.d' 2>/dev/null)
