# fish completion for iotctl. Generated from the command declarations; do not edit.

function __iotctl_next
  switch "$argv[1]"
    case ''
      printf '%s\t%s\n' 'provision' 'Register devices: by id, by number, or from a CSV file.' 'tail' 'Follow what devices send.' 'send-command' 'Send a command to devices and show what they answer.' 'device' 'Look at devices and change them.' 'twin' 'Read and change tags and desired properties.' 'query' 'Run a query over the devices.' 'hub' 'Run a hub on this machine.' 'profile' 'Choose which hub to talk to.' 'demo' 'See a whole fleet at work in half a minute.' 'agent' 'Run this machine as a device.' 'simulate' 'Run simulated devices of a model.' 'doctor' 'Check this machine, the configuration and the hub.' 'completion' 'Complete commands, flags and device ids in the shell.'
    case 'tail'
      printf '%s\t%s\n' 'telemetry' 'Follow the telemetry of devices.'
    case 'device'
      printf '%s\t%s\n' 'list' 'List devices with status, connection, last activity and tags.' 'show' 'Show one device: identity, connection, tags and properties.' 'enable' 'Let devices connect again.' 'disable' 'Disconnect devices and refuse them.' 'delete' 'Delete devices with their twins.' 'watch' 'Tell when devices connect, disconnect, come or go.'
    case 'twin'
      printf '%s\t%s\n' 'show' 'Show the tags, desired and reported properties of a device.' 'set' 'Set tags and desired properties.' 'edit' 'Edit tags and desired properties in your editor.' 'unset' 'Remove tags and desired properties.' 'diff' 'Compare two twins, or what one device should be with what it is.'
    case 'hub'
      printf '%s\t%s\n' 'start' 'Start a hub on this machine.' 'status' 'Show whether the hub on this machine runs, and how it is.' 'stop' 'Stop the hub on this machine.' 'env' 'Print what SDKs need to use the hub on this machine.'
    case 'profile'
      printf '%s\t%s\n' 'add' 'Add a hub, by its connection string or by Microsoft Entra ID.' 'use' 'Select the hub that commands talk to.' 'list' 'List the hubs you have added.' 'show' 'Show a profile.' 'remove' 'Remove a profile and its key.'
  end
end

function __iotctl_flags
  switch "$argv[1]"
    case ''
      printf '%s\t%s\n' '--profile' 'hub to use, by its profile' '--connection-string-file' 'hub to use, by a connection string in a file (- is standard input)' '--output' 'how the result is written' '--query' 'JMESPath expression that picks from the result' '--columns' 'columns of a table or CSV, in order, by their headers' '--yes' 'answer yes to questions' '--confirm' 'confirm a change on a protected profile by its name' '--no-input' 'never ask; fail instead' '--quiet' 'no notes or progress, only results, warnings and errors' '--color' 'colour even when the output is no terminal' '--no-color' 'no colour' '--debug' 'say more when something fails' '--help' 'show help'
    case 'provision'
      printf '%s\t%s\n' '--count' 'register so many, numbered after --prefix' '--prefix' 'what the numbered ids begin with, as in pump-' '--start' 'first number' '--digits' 'pad the numbers with zeros to so many digits' '--from' 'read devices from a CSV file; - reads standard input' '--strict' 'with --from: write nothing when a line is not valid' '--template' 'print a CSV file to begin with' '--tag' 'tag of all devices named here, as in site=north' '--desired' 'desired property of all devices named here' '--out' 'write results with connection strings to a CSV file (mode 0600)' '--show-secrets' 'show connection strings' '--dry-run' 'only say what would change' '--concurrency' 'bulk requests (of 100 devices) at once'
    case 'tail telemetry'
      printf '%s\t%s\n' '--where' 'only messages for which this holds' '--from' 'read device ids and globs from a file, one a line; - reads standard input' '--since' 'begin with what was stored then (ISO time, or an age such as 10m)' '--until' 'stop before what was stored from then on' '--select' 'only these members of the body' '--count' 'stop after so many messages' '--timeout' 'stop after this time; 124 when --count was not reached' '--stats' 'instead of messages: rate, devices and bytes of each second' '--binary' 'how bodies that are not text are shown'
    case 'send-command'
      printf '%s\t%s\n' '--where' 'only devices for which this holds, as in "tags.site = \'north\'" (IoT Hub query language)' '--from' 'read device ids and globs from a file, one a line; - reads standard input' '--concurrency' 'how many devices at once' '--timeout' 'how long a device may take to answer' '--connect-timeout' 'how long to wait for a device that is offline' '--retry' 'try again so often when a device is offline or the hub cannot be reached' '--retry-unanswered' 'let --retry also repeat a command that may have run already' '--dry-run' 'only show which devices would get it'
    case 'device list'
      printf '%s\t%s\n' '--where' 'only devices for which this holds, as in "tags.site = \'north\'" (IoT Hub query language)' '--top' 'at most so many'
    case 'device show'
      printf '%s\t%s\n' '--show-secrets' 'also show its keys and connection string'
    case 'device enable'
      printf '%s\t%s\n' '--where' 'only devices for which this holds, as in "tags.site = \'north\'" (IoT Hub query language)' '--from' 'read device ids and globs from a file, one a line; - reads standard input' '--concurrency' 'how many devices at once' '--dry-run' 'only show what would be changed'
    case 'device disable'
      printf '%s\t%s\n' '--where' 'only devices for which this holds, as in "tags.site = \'north\'" (IoT Hub query language)' '--from' 'read device ids and globs from a file, one a line; - reads standard input' '--concurrency' 'how many devices at once' '--reason' 'kept with the device, at most 128 characters' '--dry-run' 'only show what would be changed'
    case 'device delete'
      printf '%s\t%s\n' '--where' 'only devices for which this holds, as in "tags.site = \'north\'" (IoT Hub query language)' '--from' 'read device ids and globs from a file, one a line; - reads standard input' '--concurrency' 'how many devices at once' '--dry-run' 'only show what would be changed'
    case 'device watch'
      printf '%s\t%s\n' '--where' 'only devices for which this holds, as in "tags.site = \'north\'" (IoT Hub query language)' '--interval' 'time between two looks' '--count' 'stop after so many changes' '--timeout' 'stop after this time; 124 when --count was not reached'
    case 'twin show'
      printf '%s\t%s\n' '--section' 'only one section, without metadata'
    case 'twin set'
      printf '%s\t%s\n' '--where' 'only devices for which this holds, as in "tags.site = \'north\'" (IoT Hub query language)' '--from' 'read device ids and globs from a file, one a line; - reads standard input' '--concurrency' 'how many devices at once' '--etag' 'only when the twin still has this ETag; for one device' '--dry-run' 'only show what would be changed'
    case 'twin edit'
      printf '%s\t%s\n' '--json' 'edit JSON instead of YAML' '--dry-run' 'only show what would be changed'
    case 'twin unset'
      printf '%s\t%s\n' '--where' 'only devices for which this holds, as in "tags.site = \'north\'" (IoT Hub query language)' '--from' 'read device ids and globs from a file, one a line; - reads standard input' '--concurrency' 'how many devices at once' '--etag' 'only when the twin still has this ETag; for one device' '--dry-run' 'only show what would be changed'
    case 'twin diff'
      printf '%s\t%s\n' '--exit-code' 'end with 5 when there are differences'
    case 'query'
      printf '%s\t%s\n' '--top' 'at most so many rows' '--page-size' 'rows in one request'
    case 'hub start'
      printf '%s\t%s\n' '--data' 'data directory of the hub; by default one in your own data directory' '--mqtt-port' 'plain MQTT: a number, 0 for a free one, or off; otherwise 1883' '--mqtts-port' 'MQTT over TLS; otherwise 8883' '--amqp-port' 'plain AMQP; otherwise 5672' '--amqps-port' 'AMQP over TLS; otherwise 5671' '--http-port' 'plain HTTP; otherwise 8080' '--https-port' 'HTTPS; otherwise 443' '--hostname' 'a name the hub answers to beside localhost; the first is in connection strings' '--ready-file' 'write this JSON file (mode 0600) when the hub is ready' '--ephemeral' 'keep everything in a temporary directory, and touch no profile' '--detach' 'start it in the background and return when it is ready' '--retention' 'how long telemetry is kept, as in 30d; otherwise 7d' '--retention-size' 'how much telemetry is kept, in megabytes on disk; otherwise 10 GiB' '--route' 'events that Event Hubs clients read beside telemetry; otherwise telemetry alone' '--consumer-group' 'a consumer group for Event Hubs clients, beside $Default' '--log-level' 'what the log says' '--show-secrets' 'show the connection string'
    case 'hub status'
      printf '%s\t%s\n' '--data' 'data directory of the hub; by default one in your own data directory'
    case 'hub stop'
      printf '%s\t%s\n' '--data' 'data directory of the hub; by default one in your own data directory' '--timeout' 'how long to wait for its end'
    case 'hub env'
      printf '%s\t%s\n' '--data' 'data directory of the hub; by default one in your own data directory' '--format' 'for which reader; github is for GITHUB_ENV' '--show-secrets' 'print the connection strings on a terminal too' '--without-secrets' 'leave the connection strings out'
    case 'profile add'
      printf '%s\t%s\n' '--entra' 'sign in with Microsoft Entra ID instead of a key' '--hub' 'host name of the hub, with --entra' '--credential' 'how to sign in, with --entra' '--tenant' 'tenant to sign in to, with --entra' '--client-id' 'application to sign in as, with --entra' '--event-hub-connection-string-file' 'where telemetry is read, with --entra' '--consumer-group' 'consumer group to read telemetry with (default $Default)' '--tier' 'size of the hub; bulk work keeps to its rate' '--units' 'units of the tier (default 1)' '--service-url' 'service API when it is not https://HOSTNAME' '--device-url' 'where devices connect, mqtts://HOST:PORT' '--amqp-url' 'AMQP when it is not amqps://HOSTNAME:5671' '--amqp-websockets' 'AMQP over port 443: where 5671 is blocked, always or never' '--ca-file' 'PEM file of the CA of the hub\'s certificate' '--kind' 'cloud or iotctl\'s own hub, when the host name does not tell' '--protected' 'every change asks for the name of the profile first' '--use' 'also select it' '--replace' 'replace a profile of this name'
    case 'profile show'
      printf '%s\t%s\n' '--show-secrets' 'also show the connection string with its key' '--probe' 'ask the hub what it serves'
    case 'demo'
      printf '%s\t%s\n' '--keep' 'leave the hub and the devices running, and say what to try next'
    case 'agent'
      printf '%s\t%s\n' '--device' 'device id; by default from the host name' '--interval' 'time between readings, until the hub says otherwise' '--metric' 'what to read; all when none is given' '--allow' 'a script that the command run may start' '--once' 'send one reading and end' '--outbox' 'where readings wait for the hub'
    case 'simulate'
      printf '%s\t%s\n' '--count' 'how many devices' '--prefix' 'ids are this and a number; by default the model and a dash' '--rate' 'messages per second of all devices together, instead of the model\'s interval' '--speed' 'how much faster than real time, such as 60x' '--seed' 'the same seed gives the same values' '--for' 'end after this time' '--list-models' 'show the models'
    case 'completion'
      printf '%s\t%s\n' '--install' 'write the script where the shell finds it, and nothing else'
  end
end

function __iotctl_kind
  switch "$argv[1]"
    case '--profile'
      echo 'profile'
    case '--connection-string-file'
      echo 'file'
    case '--output'
      echo '=table wide json ndjson yaml csv name lines raw'
    case '-o'
      echo '=table wide json ndjson yaml csv name lines raw'
    case '--query'
      echo 'none'
    case '--columns'
      echo 'none'
    case '--confirm'
      echo 'profile'
    case 'provision --count'
      echo 'none'
    case 'provision --prefix'
      echo 'none'
    case 'provision --start'
      echo 'none'
    case 'provision --digits'
      echo 'none'
    case 'provision --from'
      echo 'file'
    case 'provision --tag'
      echo 'none'
    case 'provision --desired'
      echo 'none'
    case 'provision --out'
      echo 'file'
    case 'provision --concurrency'
      echo 'none'
    case 'tail telemetry --where'
      echo 'none'
    case 'tail telemetry --from'
      echo 'file'
    case 'tail telemetry --since'
      echo 'none'
    case 'tail telemetry --until'
      echo 'none'
    case 'tail telemetry --select'
      echo 'none'
    case 'tail telemetry --count'
      echo 'none'
    case 'tail telemetry --timeout'
      echo 'none'
    case 'tail telemetry --binary'
      echo '=base64 hex'
    case 'send-command --where'
      echo 'none'
    case 'send-command --from'
      echo 'file'
    case 'send-command --concurrency'
      echo 'none'
    case 'send-command --timeout'
      echo 'none'
    case 'send-command --connect-timeout'
      echo 'none'
    case 'send-command --retry'
      echo 'none'
    case 'device list --where'
      echo 'none'
    case 'device list --top'
      echo 'none'
    case 'device enable --where'
      echo 'none'
    case 'device enable --from'
      echo 'file'
    case 'device enable --concurrency'
      echo 'none'
    case 'device disable --where'
      echo 'none'
    case 'device disable --from'
      echo 'file'
    case 'device disable --concurrency'
      echo 'none'
    case 'device disable --reason'
      echo 'none'
    case 'device delete --where'
      echo 'none'
    case 'device delete --from'
      echo 'file'
    case 'device delete --concurrency'
      echo 'none'
    case 'device watch --where'
      echo 'none'
    case 'device watch --interval'
      echo 'none'
    case 'device watch --count'
      echo 'none'
    case 'device watch --timeout'
      echo 'none'
    case 'twin show --section'
      echo '=tags desired reported'
    case 'twin set --where'
      echo 'none'
    case 'twin set --from'
      echo 'file'
    case 'twin set --concurrency'
      echo 'none'
    case 'twin set --etag'
      echo 'none'
    case 'twin unset --where'
      echo 'none'
    case 'twin unset --from'
      echo 'file'
    case 'twin unset --concurrency'
      echo 'none'
    case 'twin unset --etag'
      echo 'none'
    case 'query --top'
      echo 'none'
    case 'query --page-size'
      echo 'none'
    case 'hub start --data'
      echo 'directory'
    case 'hub start --mqtt-port'
      echo 'none'
    case 'hub start --mqtts-port'
      echo 'none'
    case 'hub start --amqp-port'
      echo 'none'
    case 'hub start --amqps-port'
      echo 'none'
    case 'hub start --http-port'
      echo 'none'
    case 'hub start --https-port'
      echo 'none'
    case 'hub start --hostname'
      echo 'none'
    case 'hub start --ready-file'
      echo 'file'
    case 'hub start --retention'
      echo 'none'
    case 'hub start --retention-size'
      echo 'none'
    case 'hub start --route'
      echo '=twinChangeEvents deviceLifecycleEvents moduleLifecycleEvents deviceConnectionStateEvents deviceJobLifecycleEvents digitalTwinChangeEvents'
    case 'hub start --consumer-group'
      echo 'none'
    case 'hub start --log-level'
      echo '=debug info warn error'
    case 'hub status --data'
      echo 'directory'
    case 'hub stop --data'
      echo 'directory'
    case 'hub stop --timeout'
      echo 'none'
    case 'hub env --data'
      echo 'directory'
    case 'hub env --format'
      echo '=sh fish json github'
    case 'profile add --hub'
      echo 'none'
    case 'profile add --credential'
      echo '=default environment workload-identity cli device-code'
    case 'profile add --tenant'
      echo 'none'
    case 'profile add --client-id'
      echo 'none'
    case 'profile add --event-hub-connection-string-file'
      echo 'file'
    case 'profile add --consumer-group'
      echo 'none'
    case 'profile add --tier'
      echo '=F1 B1 B2 B3 S1 S2 S3'
    case 'profile add --units'
      echo 'none'
    case 'profile add --service-url'
      echo 'none'
    case 'profile add --device-url'
      echo 'none'
    case 'profile add --amqp-url'
      echo 'none'
    case 'profile add --amqp-websockets'
      echo '=auto always never'
    case 'profile add --ca-file'
      echo 'file'
    case 'profile add --kind'
      echo '=local cloud'
    case 'agent --device'
      echo 'device'
    case 'agent --interval'
      echo 'none'
    case 'agent --metric'
      echo '=cpu memory disk network temperature uptime'
    case 'agent --allow'
      echo 'file'
    case 'agent --outbox'
      echo 'directory'
    case 'simulate --count'
      echo 'none'
    case 'simulate --prefix'
      echo 'none'
    case 'simulate --rate'
      echo 'none'
    case 'simulate --speed'
      echo 'none'
    case 'simulate --seed'
      echo 'none'
    case 'simulate --for'
      echo 'none'
    case 'provision \\*'
      echo 'none'
    case 'tail telemetry \\*'
      echo 'device'
    case 'send-command \\*'
      echo 'device'
    case 'device list \\*'
      echo 'device'
    case 'device show 1'
      echo 'device'
    case 'device enable \\*'
      echo 'device'
    case 'device disable \\*'
      echo 'device'
    case 'device delete \\*'
      echo 'device'
    case 'device watch \\*'
      echo 'device'
    case 'twin show 1'
      echo 'device'
    case 'twin set \\*'
      echo 'device'
    case 'twin edit 1'
      echo 'device'
    case 'twin unset \\*'
      echo 'device'
    case 'twin diff 1'
      echo 'device'
    case 'twin diff 2'
      echo 'device'
    case 'query 1'
      echo 'none'
    case 'profile add 1'
      echo 'none'
    case 'profile use 1'
      echo 'profile'
    case 'profile show 1'
      echo 'profile'
    case 'profile remove 1'
      echo 'profile'
    case 'simulate 1'
      echo '=refrigerated-truck oil-pump elevator batch-reactor room'
    case 'completion 1'
      echo '=bash zsh fish'
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
      printf "$argv[2]%s\n" (string split ' ' (string sub --start 2 -- "$argv[1]"))
    case '*'
      for value in (command iotctl __complete $argv[1] $argv[3] </dev/null 2>/dev/null)
        printf '%s%s\n' "$argv[2]" "$value"
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
      set -l names (__iotctl_next "$command" | string replace -r '\t.*' '')
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
      printf '%s\n' $following
    else
      set -l kind (__iotctl_kind "$command "(math $position + 1); or __iotctl_kind "$command *")
      __iotctl_values "$kind" '' $profile
    end
  end
end

complete -c iotctl -f -a '(__iotctl_complete)'
