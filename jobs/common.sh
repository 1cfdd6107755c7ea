# To be sourced by the jobs beside it. Adapt the two marked lines, once for all jobs.
#
# Every start goes on with what is there (--resume). Slurm warns the job with SIGUSR1 before its time
# limit; the ranks then finish the trial at hand, save and end with status 75, and the job puts itself
# back into the queue. Where a site forbids that, jobs/submit makes a chain of jobs. Settings, as in
# NLRMT_LAUNCH=mpirun sbatch jobs/fig1.sbatch:
#   NLRMT_LAUNCH     what starts the ranks
#   NLRMT_REQUEUES   how often a job goes back into the queue; 0: never

#module load gcc openmpi openblas netlib-scalapack elpa hdf5 gsl     # 1: your modules, or spack load
: "${NLRMT_LAUNCH:=srun --mpi=pmix}"                                  # 2: or mpirun
: "${NLRMT_REQUEUES:=20}"
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
mkdir -p results
# The checkout's programs, or those on PATH: make install, then cp -r PREFIX/share/nlrmt/{configs,jobs} .
nlrmt_sim=./nlrmt_sim nlrmt_tools=tools/
[ -x "$nlrmt_sim" ] || { nlrmt_sim=nlrmt_sim nlrmt_tools=; }

# This job alone: the plain number of an array's last task stands for the whole array as well.
nlrmt_id=${SLURM_JOB_ID:-}
[ -z "${SLURM_ARRAY_TASK_ID:-}" ] || nlrmt_id=${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID

# nlrmt_sim stops by itself before this moment; older Slurms do not tell it.
nlrmt_end_time() {
  local end
  end=$(squeue -h -j "$nlrmt_id" -o %e 2>/dev/null) && [ -n "$end" ] || return
  end=$(date -d "$end" +%s 2>/dev/null) && export SLURM_JOB_END_TIME=$end
}

# Back into the queue, unless that was done too often or the job is being cancelled. Slurm then ends
# this script.
nlrmt_requeue() {
  local starts=${SLURM_RESTART_COUNT:-0}
  [ "$starts" -lt "$NLRMT_REQUEUES" ] || return
  [ "$(squeue -h -j "$nlrmt_id" -o %T 2>/dev/null)" = RUNNING ] || return
  echo "job $nlrmt_id: not done yet, back into the queue ($((starts + 1)) of at most $NLRMT_REQUEUES)"
  scontrol requeue "$nlrmt_id" && sleep 300
}

# nlrmt_job CONFIG OUTPUT [OPTION...]: runs it to its end or to the next stop. Its status is that of
# nlrmt_sim.
nlrmt_job() {
  local config=$1 output=$2 pid='' status ended=no
  shift 2
  [ -z "$nlrmt_id" ] || nlrmt_end_time
  trap '[ -z "$pid" ] || kill -USR1 "$pid"' USR1
  trap 'ended=yes; [ -z "$pid" ] || kill -USR1 "$pid"' TERM
  $NLRMT_LAUNCH "$nlrmt_sim" "$config" -o "$output" --resume "$@" &
  pid=$!
  while wait "$pid"; kill -0 "$pid" 2>/dev/null; do :; done # a signal ends wait, not the ranks
  wait "$pid"
  status=$?
  trap - USR1 TERM
  [ $status != 75 ] || [ $ended = yes ] || [ -z "$nlrmt_id" ] || nlrmt_requeue
  return $status
}

# nlrmt_figure NAME [OPTION...]: configs/NAME.ini, drawn and told once it is done.
nlrmt_figure() {
  local name=$1 status
  shift
  nlrmt_job "configs/$name.ini" "results/$name.h5" "$@"
  status=$?
  [ $status = 0 ] || return $status
  "${nlrmt_tools}nlrmt_plot" "results/$name.h5" && "${nlrmt_tools}nlrmt_report" "results/$name.h5"
}
