# make install [PREFIX=/usr/local] [LIBDIR=PREFIX/lib] [DESTDIR=] [PYTHON=/usr/bin/python3]
#              programs, tools, theory library with headers and nlrmt_theory.pc, manual pages, bash
#              completion, configurations, jobs, examples
# make uninstall   removes what that put there
# make man         build/release/man: manual pages, made from what the programs say of themselves
# make measure     longest functions, longest files, duplicates, graph of the includes (CONTRIBUTING.md)
PREFIX     ?= /usr/local
LIBDIR     ?= $(PREFIX)/lib
PYTHON     ?= /usr/bin/python3
SOVERSION  := 0
LIB        := $(B)/lib
THEORY_SO  := libnlrmt_theory.so.$(VERSION)
TOOLS      := $(filter-out %.py %.mk,$(wildcard tools/nlrmt_*))
# The library is base and theory; these of their headers are of no use outside.
HEADERS    := $(filter-out $(addprefix include/nlrmt/,fault.h file.h lock.h),$(wildcard \
  $(patsubst %.c,include/nlrmt/%.h,$(notdir $(wildcard src/base/*.c src/theory/*.c)))))
PIC        := $(patsubst src/%.c,$(B)/pic/%.o,$(wildcard src/base/*.c src/theory/*.c))

$(B)/pic/%.o: src/%.c | $(B)/libraries
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -fPIC -MMD -c -o $@ $<
$(LIB)/libnlrmt_theory.a: $(PIC)
	@mkdir -p $(@D)
	rm -f $@ && ar rcs $@ $^
$(LIB)/$(THEORY_SO): $(PIC) packaging/nlrmt_theory.map
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -shared -Wl,-soname,libnlrmt_theory.so.$(SOVERSION) \
	  -Wl,--version-script=packaging/nlrmt_theory.map -Wl,-z,defs $(LDFLAGS) -o $@ $(PIC) $(GSL_LIBS) $(BASE_LIBS) -lm
library: $(LIB)/libnlrmt_theory.a $(LIB)/$(THEORY_SO)

# Without Python there are none, without its packages none of the tools; a word says so.
$(B)/man/done: packaging/manpages nlrmt_sim nlrmt_theory $(wildcard tools/nlrmt_*)
	@if command -v $(PYTHON) >/dev/null; then \
	  $(PYTHON) $(if $(filter /usr/bin/python3,$(PYTHON)),-E) -B packaging/manpages $(@D) $(VERSION) nlrmt_sim nlrmt_theory $(TOOLS) && touch $@; \
	  else echo "man: no $(PYTHON): no manual pages" >&2; fi
man: $(B)/man/done

install: all library man
	@PREFIX='$(PREFIX)' LIBDIR='$(LIBDIR)' DESTDIR='$(DESTDIR)' PYTHON='$(PYTHON)' VERSION='$(VERSION)' SOVERSION='$(SOVERSION)' \
	  BUILT='$(B)' HEADERS='$(HEADERS)' TOOLS='$(TOOLS)' LIBS_PRIVATE='$(strip $(GSL_LIBS) $(BASE_LIBS) -lm)' packaging/install
uninstall:
	@PREFIX='$(PREFIX)' DESTDIR='$(DESTDIR)' packaging/install --remove

# tests/install_test.py installs; with the sanitizers there is nothing to install.
ifeq ($(BUILD),release)
tests: library man
endif

measure:
	@tools/measure

.PHONY: library man install uninstall measure
