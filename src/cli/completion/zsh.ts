import type { CompletionModel, CompletionWord, ValueKind } from './model.ts';
import { caseBranches, shellQuote } from './shell-text.ts';

function assignWords(words: readonly CompletionWord[]): string {
  return `_iotctl_reply=(${words.map(({ word, summary }) => shellQuote(`${word}:${summary}`)).join(' ')})`;
}

function assignKind(kind: ValueKind): string {
  const text = typeof kind === 'string' ? kind : `=${kind.words.join(' ')}`;
  return `_iotctl_kind=${shellQuote(text)}`;
}

/** The script for zsh, to be sourced or to lie in $fpath as `_iotctl`. compadd quotes what it puts on the line. */
export function zshScript(model: CompletionModel): string {
  const values = [...model.flagValues, ...model.argumentValues].map(([key, kind]) => [key, assignKind(kind)] as const);
  return `#compdef iotctl
# zsh completion for iotctl. Generated from the command declarations; do not edit.

_iotctl_next() {
  _iotctl_reply=()
  case "$1" in
${caseBranches([...model.next].map(([key, words]) => [key, assignWords(words)] as const))}
  esac
}

_iotctl_flags() {
  _iotctl_reply=()
  case "$1" in
${caseBranches([...model.flags].map(([key, words]) => [key, assignWords(words)] as const))}
  esac
}

_iotctl_find_kind() {
  _iotctl_kind=''
  case "$1" in
${caseBranches(values)}
    *) return 1 ;;
  esac
}

_iotctl_add_values() {
  local -a found
  case "$1" in
    ''|none) return 1 ;;
    file) _files ;;
    directory) _files -/ ;;
    =*) found=(\${(s: :)\${1#=}}); compadd -a found ;;
    *) found=("\${(@f)$(command iotctl __complete "$1" \${profile:+"--profile=$profile"} </dev/null 2>/dev/null)}"); found=(\${found:#}); compadd -a found ;;
  esac
}

_iotctl() {
  local command='' flag='' profile='' word candidate _iotctl_kind
  local -a _iotctl_reply
  local -i position=0 index
  for ((index = 2; index < CURRENT; index++)); do
    word=\${words[index]}
    if [[ -n $flag ]]; then
      if [[ $flag == --profile ]]; then profile=$word; fi
      flag=''
      continue
    fi
    if [[ $word == --profile=* ]]; then profile=\${word#*=}; fi
    if [[ $word == --*=* ]]; then continue; fi
    if [[ $word == -?* ]]; then
      if _iotctl_find_kind "$command $word" || _iotctl_find_kind "$word"; then flag=$word; fi
      continue
    fi
    if ((position == 0)); then
      _iotctl_next "$command"
      for candidate in $_iotctl_reply; do
        if [[ \${candidate%%:*} == "$word" ]]; then command="\${command:+$command }$word"; continue 2; fi
      done
    fi
    position+=1
  done

  word=\${words[CURRENT]}
  if [[ -n $flag ]]; then
    if _iotctl_find_kind "$command $flag" || _iotctl_find_kind "$flag"; then _iotctl_add_values "$_iotctl_kind"; fi
  elif [[ $word == --*=* ]]; then
    flag=\${word%%=*}
    compset -P '*='
    if _iotctl_find_kind "$command $flag" || _iotctl_find_kind "$flag"; then _iotctl_add_values "$_iotctl_kind"; fi
  elif [[ $word == -* ]]; then
    _iotctl_flags "$command"
    local -a described=("\${_iotctl_reply[@]}")
    if [[ -n $command ]]; then _iotctl_flags ''; described+=("\${_iotctl_reply[@]}"); fi
    _describe -o flag described
  else
    _iotctl_next "$command"
    if ((position == 0 && \${#_iotctl_reply} > 0)); then
      local -a described=("\${_iotctl_reply[@]}")
      _describe command described
    elif _iotctl_find_kind "$command $((position + 1))" || _iotctl_find_kind "$command *"; then
      _iotctl_add_values "$_iotctl_kind"
    fi
  fi
}

if [[ "\${funcstack[1]}" == _iotctl ]]; then _iotctl "$@"; else compdef _iotctl iotctl; fi
`;
}
