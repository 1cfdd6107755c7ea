# To be sourced: how this project's scripts start MPI programs. $MPIRUN and a few settings.
: "${MPIRUN:=mpirun}"
if [ "$(id -u)" = 0 ]; then # containers: Open MPI refuses root unless told twice
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi
export OMPI_MCA_btl_base_warn_component_unused=0
