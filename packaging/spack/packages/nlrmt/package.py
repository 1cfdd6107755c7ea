# SPDX-License-Identifier: GPL-3.0-or-later
"""spack repo add packaging/spack && spack install nlrmt: builds the checkout that this file lies in."""
import os

from spack.package import *

try:
    from spack_repo.builtin.build_systems.makefile import MakefilePackage
except ImportError:  # before Spack 1.0 it comes with spack.package
    pass


class Nlrmt(MakefilePackage):
    """Spectra of random neural-network features: measured on many ranks, predicted by random-matrix theory."""

    git = "file://" + os.path.abspath(os.path.join(os.path.dirname(os.path.realpath(__file__)), *[os.pardir] * 4))

    license("GPL-3.0-or-later")
    version("main", branch="main")

    variant("elpa", default=True, description="Two-stage eigensolver of ELPA")
    variant("tools", default=True, description="Python packages that the tools (plot, report, ...) need")

    depends_on("c", type="build")
    depends_on("pkgconfig", type="build")
    depends_on("mpi")
    depends_on("scalapack")
    depends_on("openblas")
    depends_on("elpa~openmp", when="+elpa")
    depends_on("hdf5+hl")
    depends_on("gsl")
    depends_on("random123")
    depends_on("libinih")
    depends_on("muparser")
    depends_on("zlib-api")
    depends_on("python@3.9:", type=("build", "run"))
    with when("+tools"):
        depends_on("py-h5py", type=("build", "run"))
        depends_on("py-numpy", type=("build", "run"))
        depends_on("py-matplotlib", type=("build", "run"))

    def settings(self):
        """What config.mk would say; Spack's compiler wrappers add the folders."""
        spec = self.spec
        values = {
            "CC": "cc",
            "MPICC": spec["mpi"].mpicc,
            "HDF5_CC": spec["mpi"].mpicc if spec.satisfies("^hdf5+mpi") else "cc",
            "HDF5_CFLAGS": spec["hdf5"].headers.include_flags,
            "HDF5_LIBS": f"-L{spec['hdf5'].prefix.lib} -lhdf5_hl -lhdf5",
            "BLAS_LIBS": spec["openblas"].libs.ld_flags,
            "SCALAPACK_LIBS": spec["scalapack"].libs.ld_flags,
            "PYTHON": spec["python"].command.path,
            "ELPA": "yes" if spec.satisfies("+elpa") else "no",
        }
        if spec.satisfies("+elpa"):
            values["ELPA_CFLAGS"] = f"-I{spec['elpa'].headers.directories[0]} -DNLRMT_HAVE_ELPA"
            values["ELPA_LIBS"] = spec["elpa"].libs.ld_flags
        return values

    def edit(self, spec, prefix):
        with open("config.mk", "w") as f:
            f.writelines(f"{key} = {value}\n" for key, value in self.settings().items())

    build_targets = ["all", "library", "man"]

    def install(self, spec, prefix):
        make("install", f"PREFIX={prefix}")
