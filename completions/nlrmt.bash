# Bash completion of nlrmt_sim, nlrmt_theory and the tools: options, configurations, panels of the
# configuration on the line, keys and their values after -s. What there is to complete is asked of
# the programs. Installed, it is loaded by itself; in a checkout: . completions/nlrmt.bash

# The keys as `nlrmt_theory --keys` prints them, asked once; $1: the command that is completed.
_nlrmt_keys() {
  local beside=nlrmt_theory
  [[ $1 != */* ]] || beside=${1%/*}/nlrmt_theory
  [[ ${_nlrmt_keys_of-} = "$beside" ]] ||
    { _nlrmt_keys_are=$("$beside" --keys 2>/dev/null) && _nlrmt_keys_of=$beside; }
  printf '%s\n' "${_nlrmt_keys_are-}"
}

# What is allowed for key $2, if that is a list of words.
_nlrmt_values() {
  _nlrmt_keys "$1" | awk -F '\t' -v key="$2" '$1 == key && $3 ~ /^[a-zA-Z0-9_]+(\([a-z, ]*\))?(, [a-zA-Z0-9_]+(\([a-z, ]*\))?)*$/ {
    gsub(/\([a-z, ]*\)/, "", $3); gsub(/, /, "\n", $3); print $3 }'
}

_nlrmt_options() {
  "$1" --help 2>/dev/null | sed -n '/^Keys of/q; s/^  *\(-.*\)/\1/p' | grep -oE -- '(^|, )--?[a-zA-Z][a-z-]*' | tr -d ', '
}

# Panels of the first file on the line that is a configuration.
_nlrmt_panels() {
  local word
  for word in $1; do
    [[ $word = *.ini && -r $word ]] || continue
    sed -n 's/^ *\[panel *\([^] ]*\) *\].*/\1/p' "$word"
    return
  done
}

_nlrmt() {
  local line=${COMP_LINE:0:COMP_POINT} command=$1 name=${1##*/} cur prev choices='' IFS=$' \t\n' word
  local -a words
  read -ra words <<<"$line"
  cur=${line##*[[:space:]]}
  [[ -z $cur ]] || unset 'words[-1]'
  prev=${words[-1]-}
  COMPREPLY=()
  case $name:$prev in
  nlrmt_sim:-s | nlrmt_sim:--set | nlrmt_theory:-s | nlrmt_theory:--set)
    if [[ $cur = *=* ]]; then
      for word in $(_nlrmt_values "$command" "${cur%%=*}"); do choices+="${cur%%=*}=$word "; done
    else
      choices=$(_nlrmt_keys "$command" | sed 's/\t.*/=/')
      compopt -o nospace 2>/dev/null
    fi
    ;;
  nlrmt_sim:-p | nlrmt_sim:--panel | nlrmt_theory:-p | nlrmt_theory:--panel) choices=$(_nlrmt_panels "$COMP_LINE") ;;
  nlrmt_theory:--law) choices=$(_nlrmt_values "$command" theory.laws) ;;
  nlrmt_theory:--method)
    choices=$("$command" --method '?' 2>&1 | sed -n 's/.*must be one of \(.*\), got.*/\1/p' | tr -d ,)
    ;;
  *:--lambda | *:--epsilon | *:--time-limit | *:--save-every) return ;;
  nlrmt_plot:-f | nlrmt_plot:--format) choices='png svg pdf' ;;
  *)
    if [[ $cur = -* ]]; then
      choices=$(_nlrmt_options "$command")
    else
      case $name:$prev in
      nlrmt_sim:-o | nlrmt_sim:--output | nlrmt_theory:-o | nlrmt_theory:--output) word=h5 ;;
      nlrmt_sim:* | nlrmt_theory:*) word=ini ;;
      *) word=h5 ;;
      esac
      mapfile -t COMPREPLY < <(compgen -f -X "!*.$word" -- "$cur"; compgen -d -S / -- "$cur")
      [[ ${#COMPREPLY[@]} != 1 || ${COMPREPLY[0]-} != */ ]] || compopt -o nospace 2>/dev/null
      return
    fi
    ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$choices" -- "$cur")
  # Bash replaces what stands after the last = only.
  [[ $cur != *=* || $COMP_WORDBREAKS != *=* ]] || COMPREPLY=("${COMPREPLY[@]#"${cur%"${cur##*=}"}"}")
}

# Every command has a link to this file beside it once installed; in a checkout, tools/ tells them.
for _nlrmt_name in nlrmt_sim nlrmt_theory "${BASH_SOURCE[0]%/*}"/{nlrmt_*,../tools/nlrmt_*}; do
  _nlrmt_name=${_nlrmt_name##*/}
  [[ $_nlrmt_name = *[.*]* ]] || complete -F _nlrmt "$_nlrmt_name"
done
unset _nlrmt_name
