import type { CompletionModel, CompletionWord, ValueKind } from './model.ts';
import { caseBranches, shellQuote } from './shell-text.ts';

function assignWords(words: readonly CompletionWord[]): string {
  return `_iotctl_reply=(${words.map(({ word }) => shellQuote(word)).join(' ')})`;
}

function assignKind(kind: ValueKind): string {
  const text = typeof kind === 'string' ? kind : `=${kind.words.join(' ')}`;
  return `_iotctl_value=${shellQuote(text)}`;
}

/**
 * The script for bash. Typed words are compared and passed on as data; none is ever evaluated. Values from the hub are
 * quoted before they reach the line, since device ids may hold `$`, `(` and `'`.
 */
export function bashScript(model: CompletionModel): string {
  const values = [...model.flagValues, ...model.argumentValues].map(([key, kind]) => [key, assignKind(kind)] as const);
  return `# bash completion for iotctl. Generated from the command declarations; do not edit.

# The words that may follow the command words in $1.
_iotctl_next() {
  _iotctl_reply=()
  case "$1" in
${caseBranches([...model.next].map(([key, words]) => [key, assignWords(words)] as const))}
  esac
}

# The flags of the command in $1.
_iotctl_flags() {
  _iotctl_reply=()
  case "$1" in
${caseBranches([...model.flags].map(([key, words]) => [key, assignWords(words)] as const))}
  esac
}

# What the value of a flag or the nth word of a command is: "device show 1", "--profile". Fails when there is none.
_iotctl_kind() {
  _iotctl_value=''
  case "$1" in
${caseBranches(values)}
    *) return 1 ;;
  esac
}

_iotctl_flag_kind() {
  _iotctl_kind "$1 $2" || _iotctl_kind "$2"
}

_iotctl() {
  local command='' flag='' profile='' position=0 index word value kind candidate quoted prefix _iotctl_value=''
  local -a candidates words _iotctl_reply
  COMPREPLY=()
  # COMP_WORDS is split at = and : too; the line, split at blanks, keeps "--output=json" and "a:b" whole.
  read -ra words <<<"\${COMP_LINE:0:COMP_POINT}"
  if [[ \${COMP_LINE:0:COMP_POINT} == *[[:space:]] ]]; then words+=(''); fi
  while ((\${#words[@]} > 1)) && [[ \${words[0]} != "\${COMP_WORDS[0]}" ]]; do words=("\${words[@]:1}"); done
  for ((index = 1; index < \${#words[@]} - 1; index++)); do
    word=\${words[index]}
    if [[ -n $flag ]]; then
      if [[ $flag == --profile ]]; then profile=$word; fi
      flag=''
      continue
    fi
    if [[ $word == --profile=* ]]; then profile=\${word#*=}; fi
    if [[ $word == --*=* ]]; then continue; fi
    if [[ $word == -?* ]]; then
      if _iotctl_flag_kind "$command" "$word"; then flag=$word; fi
      continue
    fi
    if ((position == 0)); then
      _iotctl_next "$command"
      for candidate in "\${_iotctl_reply[@]}"; do
        if [[ $candidate == "$word" ]]; then command="\${command:+$command }$word"; continue 2; fi
      done
    fi
    position=$((position + 1))
  done

  value=\${words[index]}
  if [[ $value == --*=* ]]; then
    flag=\${value%%=*}
    value=\${value#*=}
  fi
  kind=''
  if [[ -n $flag ]]; then
    _iotctl_flag_kind "$command" "$flag" && kind=$_iotctl_value
  elif [[ $value == -* ]]; then
    _iotctl_flags "$command"
    candidates=("\${_iotctl_reply[@]}")
    if [[ -n $command ]]; then _iotctl_flags ''; candidates+=("\${_iotctl_reply[@]}"); fi
  else
    _iotctl_next "$command"
    if ((position == 0 && \${#_iotctl_reply[@]} > 0)); then
      candidates=("\${_iotctl_reply[@]}")
    elif _iotctl_kind "$command $((position + 1))" || _iotctl_kind "$command *"; then
      kind=$_iotctl_value
    fi
  fi

  case "$kind" in
    '' | none) ;;
    file) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$value"); return ;;
    directory) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- "$value"); return ;;
    =*) read -ra candidates <<<"\${kind#=}" ;;
    *) mapfile -t candidates < <(command iotctl __complete "$kind" \${profile:+"--profile=$profile"} </dev/null 2>/dev/null) ;;
  esac

  # What stands before the last = or : is on the line already.
  prefix=''
  if [[ $value == *[=:]* ]]; then prefix=\${value%"\${value##*[=:]}"}; fi
  for candidate in "\${candidates[@]}"; do
    [[ -n $candidate ]] || continue
    printf -v quoted '%q' "$candidate"
    if [[ $quoted == "$value"* || $candidate == "$value"* ]]; then COMPREPLY+=("\${quoted#"$prefix"}"); fi
  done
}

complete -F _iotctl iotctl
`;
}
