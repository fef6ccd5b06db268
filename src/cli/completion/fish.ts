import type { CompletionModel, CompletionWord, ValueKind } from './model.ts';
import { fishQuote } from './shell-text.ts';

function printWords(words: readonly CompletionWord[]): string {
  // fish shows what follows a tab as the description.
  return `printf '%s\\t%s\\n' ${words.map(({ word, summary }) => `${fishQuote(word)} ${fishQuote(summary)}`).join(' ')}`;
}

function printKind(kind: ValueKind): string {
  const text = typeof kind === 'string' ? kind : `=${kind.words.join(' ')}`;
  return `echo ${fishQuote(text)}`;
}

function cases(entries: readonly (readonly [string, string])[]): string {
  return entries
    .map(([key, action]) => `    case ${fishQuote(key.replaceAll('*', '\\*'))}\n      ${action}`)
    .join('\n');
}

/** The script for fish, which quotes candidates itself. */
export function fishScript(model: CompletionModel): string {
  const values = [...model.flagValues, ...model.argumentValues].map(([key, kind]) => [key, printKind(kind)] as const);
  return `# fish completion for iotctl. Generated from the command declarations; do not edit.

function __iotctl_next
  switch "$argv[1]"
${cases([...model.next].map(([key, words]) => [key, printWords(words)] as const))}
  end
end

function __iotctl_flags
  switch "$argv[1]"
${cases([...model.flags].filter(([, words]) => words.length > 0).map(([key, words]) => [key, printWords(words)] as const))}
  end
end

function __iotctl_kind
  switch "$argv[1]"
${cases(values)}
    case '*'
      return 1
  end
end

function __iotctl_values
  # $argv[1] is the kind, $argv[2] what stands before the value in the same word, $argv[3] the flag for the profile.
  switch "$argv[1]"
    case '' none
      return
    case file
      __fish_complete_path (string replace -- "$argv[2]" '' (commandline -ct))
    case directory
      __fish_complete_directories (string replace -- "$argv[2]" '' (commandline -ct))
    case '=*'
      printf "$argv[2]%s\\n" (string split ' ' (string sub --start 2 -- "$argv[1]"))
    case '*'
      for value in (command iotctl __complete $argv[1] $argv[3] </dev/null 2>/dev/null)
        printf '%s%s\\n' "$argv[2]" "$value"
      end
  end
end

function __iotctl_complete
  set -l tokens (commandline -opc)
  set -l current (commandline -ct)
  set -l command ''
  set -l flag ''
  set -l profile
  set -l position 0
  for word in $tokens[2..-1]
    if test -n "$flag"
      test "$flag" = --profile; and set profile --profile=$word
      set flag ''
      continue
    end
    string match -q -- '--profile=*' "$word"; and set profile $word
    if string match -q -- '--*=*' "$word"
      continue
    end
    if string match -q -- '-?*' "$word"
      if __iotctl_kind "$command $word" >/dev/null; or __iotctl_kind "$word" >/dev/null
        set flag $word
      end
      continue
    end
    if test $position -eq 0
      set -l names (__iotctl_next "$command" | string replace -r '\\t.*' '')
      if contains -- "$word" $names
        set command (string trim -- "$command $word")
        continue
      end
    end
    set position (math $position + 1)
  end

  if test -n "$flag"
    set -l kind (__iotctl_kind "$command $flag"; or __iotctl_kind "$flag")
    __iotctl_values "$kind" '' $profile
  else if string match -q -- '--*=*' "$current"
    set flag (string replace -r '=.*' '' -- "$current")
    set -l kind (__iotctl_kind "$command $flag"; or __iotctl_kind "$flag")
    __iotctl_values "$kind" "$flag=" $profile
  else if string match -q -- '-*' "$current"
    __iotctl_flags "$command"
    test -n "$command"; and __iotctl_flags ''
  else
    set -l following (__iotctl_next "$command")
    if test $position -eq 0 -a (count $following) -gt 0
      printf '%s\\n' $following
    else
      set -l kind (__iotctl_kind "$command "(math $position + 1); or __iotctl_kind "$command *")
      __iotctl_values "$kind" '' $profile
    end
  end
end

complete -c iotctl -f -a '(__iotctl_complete)'
`;
}
