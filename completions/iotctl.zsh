#compdef iotctl
# zsh completion for iotctl. Generated from the command declarations; do not edit.

_iotctl_next() {
  _iotctl_reply=()
  case "$1" in
    '') _iotctl_reply=('provision:Register devices: by id, by number, or from a CSV file.' 'tail:Follow what devices send and what happens to them.' 'send-command:Send a command to devices and show what they answer.' 'send-message:Send a message to devices, which get it when they are there.' 'message:Look after the messages that wait for devices.' 'device:Look at devices and change them.' 'twin:Read and change tags and desired properties.' 'job:Do one thing to many devices, carried out by the hub.' 'configuration:Say what groups of devices are to be.' 'firmware:Sign firmware, and keep it at the hub for rollouts.' 'rollout:Bring firmware to devices, a wave at a time.' 'query:Run a query over the devices.' 'module:Look after the modules of devices.' 'certificate:Let devices in by certificates.' 'sas:Make and check shared access signatures.' 'enrollment:Say who may register, and which hub they get.' 'controller:Drive the rollouts of a hub.' 'hub:Run a hub on this machine.' 'profile:Choose which hub to talk to.' 'demo:See a whole fleet at work in half a minute.' 'agent:Run this machine as a device.' 'simulate:Run simulated devices of a model.' 'doctor:Check this machine, the configuration and the hub.' 'completion:Complete commands, flags and device ids in the shell.') ;;
    'tail') _iotctl_reply=('telemetry:Follow the telemetry of devices.' 'events:Follow what happens to devices: connections, creations, deletions, twin changes.' 'messages:Follow messages to devices: queued, completed, returned, rejected, expired.' 'feedback:Read what became of messages whose senders asked.' 'uploads:Read which files devices have uploaded.') ;;
    'message') _iotctl_reply=('list:Show the messages that wait for devices.' 'peek:Show what the next messages for devices say.' 'requeue:Send messages that were not delivered once more.' 'purge:Remove all messages that wait for devices.') ;;
    'device') _iotctl_reply=('list:List devices with status, connection, last activity and tags.' 'show:Show one device: identity, connection, tags and properties.' 'enable:Let devices connect again.' 'disable:Disconnect devices and refuse them.' 'export:Write devices with their modules and twins to a file.' 'import:Bring devices, modules and twins to what a file says.' 'delete:Delete devices with their twins.' 'renew-key:Give devices new keys.' 'register:Register at the provisioning service as a device does.' 'watch:Tell when devices connect, disconnect, come or go.') ;;
    'twin') _iotctl_reply=('show:Show the tags, desired and reported properties of a device.' 'set:Set tags and desired properties.' 'edit:Edit tags and desired properties in your editor.' 'unset:Remove tags and desired properties.' 'diff:Compare two twins, or what one device should be with what it is.') ;;
    'job') _iotctl_reply=('run:Change twins or send a command as one job that the hub carries out.' 'list:List the jobs of the last 30 days.' 'show:Show a job, or what it made of each device.' 'cancel:Cancel a job.') ;;
    'configuration') _iotctl_reply=('apply:Make the configurations of the hub what files say.' 'plan:Show what configuration apply would change.' 'list:List configurations with how many devices they target and are applied to.' 'show:Show a configuration with its metrics.' 'delete:Delete configurations.') ;;
    'firmware') _iotctl_reply=('keygen:Make a key to sign firmware with.' 'sign:Describe a firmware file by a signed manifest.' 'verify:Check a signed manifest, and the file it describes, as a device does.' 'add:Bring a signed firmware to the hub, for rollouts.' 'list:List the firmware of the hub.' 'show:Show a firmware of the hub.' 'rotate-key:Change the keys that devices trust.') ;;
    'rollout') _iotctl_reply=('plan:Plan a rollout: which device in which wave, or why not.' 'rehearse:Try a rollout on simulated devices, with faults.' 'create:Begin a rollout, by a plan file or by a specification.' 'apply:Do what a plan file says, or go on with it.' 'status:Show how far a rollout has come; --wait follows it to its end.' 'watch:Watch a rollout live: waves, gates, failures, what happens.' 'list:List rollouts, how far each has come, and why one does not go on.' 'show:Show what a rollout was made of, or how each of its devices stands.' 'pause:Stop offering the firmware; devices under way finish.' 'resume:Let a rollout go on after a pause or a halt.' 'approve:Let a wave open that waits for a person.' 'promote:Open the next wave although the gate of this one did not pass.' 'abort:Give a rollout up: offers that no device has begun are withdrawn.' 'revert:Give a rollout up and bring its devices back to what they ran.' 'retry:Try devices again whose tries are used up.' 'why:Say why a device of a rollout stands where it does, and what helps.' 'audit:Show who did what in a rollout, or check that nothing was changed.') ;;
    'module') _iotctl_reply=('list:List modules, of one device or of all.' 'show:Show one module: identity, connection, tags and properties.' 'create:Give devices modules, each with keys and a twin of its own.' 'delete:Delete modules with their twins.') ;;
    'certificate') _iotctl_reply=('add:Upload the certificate of a CA that devices come with.' 'verify:Prove to the hub that you hold the key of a CA.' 'list:List the CA certificates of the hub.' 'delete:Remove a CA certificate from the hub.' 'issue:Make a certificate for a device, or a CA for tests.') ;;
    'sas') _iotctl_reply=('create:Make a shared access signature, of a device or of the profile.' 'decode:Say what a shared access signature is for and how long it lasts.' 'verify:Check a shared access signature against the keys of the hub.') ;;
    'enrollment') _iotctl_reply=('apply:Make enrollments what a file or the flags say.' 'list:List enrollments, and where their devices are registered.' 'show:Show one enrollment, and the registration of its device.' 'delete:Delete an enrollment, or only the registration of a device.' 'explain:Say which enrollment and which hub a device would get, and why.') ;;
    'controller') _iotctl_reply=('run:Drive the rollouts of a hub from here.') ;;
    'hub') _iotctl_reply=('start:Start a hub on this machine.' 'status:Show whether the hub on this machine runs, and how it is.' 'stop:Stop the hub on this machine.' 'limits:List what the hub on this machine takes and holds at the most.' 'container:Print an address of a blob container of the hub.' 'backup:Save the data of the hub on this machine to a file.' 'restore:Put a backup in the place of the data of the hub on this machine.' 'verify:Check the data of the hub on this machine for damage.' 'audit:Show who did what to a hub, or check that nothing was changed.' 'env:Print what SDKs need to use the hub on this machine.' 'fault:Make faults on purpose.') ;;
    'hub fault') _iotctl_reply=('add:Let a hub of iotctl make faults, to test devices and programs.' 'list:List the faults a hub makes, and how often each has struck.' 'clear:Let a hub make no more faults.') ;;
    'profile') _iotctl_reply=('add:Add a hub, by its connection string or by Microsoft Entra ID.' 'use:Select the hub that commands talk to.' 'list:List the hubs you have added.' 'show:Show a profile.' 'remove:Remove a profile and its key.') ;;
  esac
}

_iotctl_flags() {
  _iotctl_reply=()
  case "$1" in
    '') _iotctl_reply=('--profile:hub to use, by its profile' '--connection-string-file:hub to use, by a connection string in a file (- is standard input)' '--output:how the result is written' '--query:JMESPath expression that picks from the result' '--columns:columns of a table or CSV, in order, by their headers' '--yes:answer yes to questions' '--confirm:confirm a change on a protected profile by its name' '--no-input:never ask; fail instead' '--quiet:no notes or progress, only results, warnings and errors' '--color:colour even when the output is no terminal' '--no-color:no colour' '--debug:say more when something fails' '--help:show help') ;;
    'provision') _iotctl_reply=('--count:register so many, numbered after --prefix' '--prefix:what the numbered ids begin with, as in pump-' '--start:first number' '--digits:pad the numbers with zeros to so many digits' '--from:read devices from a CSV file; - reads standard input' '--strict:with --from: write nothing when a line is not valid' '--template:print a CSV file to begin with' '--tag:tag of all devices named here, as in site=north' '--desired:desired property of all devices named here' '--ca-signed:they come with certificates of a CA that the hub has verified, not with keys' '--thumbprint:digest (SHA-1 or SHA-256) of the certificate of the one device named here' '--out:write results with connection strings to a CSV file (mode 0600)' '--show-secrets:show connection strings' '--dry-run:only say what would change' '--concurrency:bulk requests (of 100 devices) at once') ;;
    'tail telemetry') _iotctl_reply=('--where:only messages for which this holds' '--from:read device ids and globs from a file, one a line; - reads standard input' '--since:begin with what was stored then (ISO time, or an age such as 10m)' '--until:stop before what was stored from then on' '--consumer-group:consumer group of a hub in the cloud; otherwise the profile'\''s, or $Default' '--select:only these members of the body' '--count:stop after so many messages' '--timeout:stop after this time; 124 when --count was not reached' '--stats:instead of messages: rate, devices and bytes of each second' '--binary:how bodies that are not text are shown') ;;
    'tail events') _iotctl_reply=('--type:only these events' '--where:only events for which this holds' '--from:read device ids and globs from a file, one a line; - reads standard input' '--since:begin with what was stored then (ISO time, or an age such as 10m)' '--until:stop before what was stored from then on' '--consumer-group:consumer group of a hub in the cloud; otherwise the profile'\''s, or $Default' '--count:stop after so many events' '--timeout:stop after this time; 124 when --count was not reached') ;;
    'tail messages') _iotctl_reply=('--where:only events for which this holds' '--from:read device ids and globs from a file, one a line; - reads standard input' '--since:begin with what was stored then (ISO time, or an age such as 10m)' '--until:stop before what was stored from then on' '--count:stop after so many events' '--timeout:stop after this time; 124 when --count was not reached') ;;
    'tail feedback') _iotctl_reply=('--count:stop after so many records' '--timeout:stop after this time; 124 when --count was not reached') ;;
    'tail uploads') _iotctl_reply=('--count:stop after so many uploads' '--timeout:stop after this time; 124 when --count was not reached') ;;
    'send-command') _iotctl_reply=('--where:only devices for which this holds, as in "tags.site = '\''north'\''" (IoT Hub query language)' '--from:read device ids and globs from a file, one a line; - reads standard input' '--concurrency:how many devices at once' '--timeout:how long a device may take to answer' '--connect-timeout:how long to wait for a device that is offline' '--retry:try again so often when a device is offline or the hub cannot be reached' '--retry-unanswered:let --retry also repeat a command that may have run already' '--dry-run:only show which devices would get it') ;;
    'send-message') _iotctl_reply=('--where:only devices for which this holds, as in "tags.site = '\''north'\''" (IoT Hub query language)' '--from:read device ids and globs from a file, one a line; - reads standard input' '--concurrency:how many devices at once' '--ack:of which outcomes the hub shall tell; full with --wait' '--wait:wait until the hub tells what became of it' '--timeout:how long --wait waits for each message' '--expiry:how long it may wait for its device; 1h where the hub is as it was made' '--property:a property beside the body; again for more' '--message-id:its id; one is made when absent' '--correlation-id:what it answers or belongs to' '--content-type:what the body is, such as application/json' '--content-encoding:how its text is encoded, such as utf-8' '--dry-run:only show which devices would get it') ;;
    'message list') _iotctl_reply=('--where:only devices for which this holds, as in "tags.site = '\''north'\''" (IoT Hub query language)' '--from:read device ids and globs from a file, one a line; - reads standard input' '--concurrency:how many devices at once' '--dead:those that were not delivered, with the reason') ;;
    'message peek') _iotctl_reply=('--where:only devices for which this holds, as in "tags.site = '\''north'\''" (IoT Hub query language)' '--from:read device ids and globs from a file, one a line; - reads standard input' '--concurrency:how many devices at once' '--dead:those that were not delivered, with the reason' '--count:so many of each device') ;;
    'message requeue') _iotctl_reply=('--where:only devices for which this holds, as in "tags.site = '\''north'\''" (IoT Hub query language)' '--from:read device ids and globs from a file, one a line; - reads standard input' '--concurrency:how many devices at once' '--number:only the one with this number; again for more' '--dry-run:only show what would be changed') ;;
    'message purge') _iotctl_reply=('--where:only devices for which this holds, as in "tags.site = '\''north'\''" (IoT Hub query language)' '--from:read device ids and globs from a file, one a line; - reads standard input' '--concurrency:how many devices at once' '--dry-run:only show what would be changed') ;;
    'device list') _iotctl_reply=('--where:only devices for which this holds, as in "tags.site = '\''north'\''" (IoT Hub query language)' '--top:at most so many') ;;
    'device show') _iotctl_reply=('--show-secrets:also show its keys and connection string') ;;
    'device enable') _iotctl_reply=('--where:only devices for which this holds, as in "tags.site = '\''north'\''" (IoT Hub query language)' '--from:read device ids and globs from a file, one a line; - reads standard input' '--concurrency:how many devices at once' '--dry-run:only show what would be changed') ;;
    'device disable') _iotctl_reply=('--where:only devices for which this holds, as in "tags.site = '\''north'\''" (IoT Hub query language)' '--from:read device ids and globs from a file, one a line; - reads standard input' '--concurrency:how many devices at once' '--reason:kept with the device, at most 128 characters' '--dry-run:only show what would be changed') ;;
    'device export') _iotctl_reply=('--out:write to this file (mode 0600) instead of standard output' '--format:ndjson or csv; otherwise by the end of the name of the file' '--include-keys:with --out: write keys too' '--show-secrets:write keys to standard output' '--where:only devices for which this holds, as in "tags.site = '\''north'\''" (IoT Hub query language)' '--from:read device ids and globs from a file, one a line; - reads standard input' '--concurrency:how many devices at once') ;;
    'device import') _iotctl_reply=('--format:ndjson or csv; otherwise by the end of the name of the file' '--mode:create leaves alone what is there, update makes nothing new' '--dry-run:only say what would change' '--failed:write what was refused to this file (mode 0600), to be imported again' '--concurrency:bulk requests (of 100 devices) at once') ;;
    'device delete') _iotctl_reply=('--where:only devices for which this holds, as in "tags.site = '\''north'\''" (IoT Hub query language)' '--from:read device ids and globs from a file, one a line; - reads standard input' '--concurrency:how many devices at once' '--dry-run:only show what would be changed') ;;
    'device renew-key') _iotctl_reply=('--where:only devices for which this holds, as in "tags.site = '\''north'\''" (IoT Hub query language)' '--from:read device ids and globs from a file, one a line; - reads standard input' '--concurrency:how many devices at once' '--key:which key: primary, secondary or both; without it old and new overlap' '--show-secrets:also show the keys and connection strings' '--dry-run:only show what would be changed') ;;
    'device register') _iotctl_reply=('--transport:how to speak to the service' '--key-file:file with the key of the device, base64' '--group-key-file:file with the key of its group, base64' '--certificate:PEM file of the certificate, and after it those of its issuers' '--certificate-key:PEM file of the private key' '--id-scope:id scope of the service; otherwise that of the hub' '--endpoint:host or URL of the service; with --id-scope otherwise the one of Azure' '--ca-file:PEM file of the authority to trust; otherwise that of the hub' '--payload:for a custom allocation; @FILE reads a file' '--timeout:time for all of it' '--out:write the connection string to a file only you can read' '--show-secrets:show the connection string' '--dps-connection-string-file:the provisioning service, by a connection string in a file; otherwise that of the hub') ;;
    'device watch') _iotctl_reply=('--where:only devices for which this holds, as in "tags.site = '\''north'\''" (IoT Hub query language)' '--interval:time between two looks' '--count:stop after so many changes' '--timeout:stop after this time; 124 when --count was not reached') ;;
    'twin show') _iotctl_reply=('--section:only one section, without metadata') ;;
    'twin set') _iotctl_reply=('--where:only devices for which this holds, as in "tags.site = '\''north'\''" (IoT Hub query language)' '--from:read device ids and globs from a file, one a line; - reads standard input' '--concurrency:how many devices at once' '--etag:only when the twin still has this ETag; for one device' '--dry-run:only show what would be changed') ;;
    'twin edit') _iotctl_reply=('--json:edit JSON instead of YAML' '--dry-run:only show what would be changed') ;;
    'twin unset') _iotctl_reply=('--where:only devices for which this holds, as in "tags.site = '\''north'\''" (IoT Hub query language)' '--from:read device ids and globs from a file, one a line; - reads standard input' '--concurrency:how many devices at once' '--etag:only when the twin still has this ETag; for one device' '--dry-run:only show what would be changed') ;;
    'twin diff') _iotctl_reply=('--exit-code:end with 5 when there are differences') ;;
    'job run') _iotctl_reply=('--where:only devices for which this holds, as in "tags.site = '\''north'\''" (IoT Hub query language)' '--from:read device ids and globs from a file, one a line; - reads standard input' '--id:id of the job; otherwise a new one' '--start:when to begin: ISO 8601, or from now on as in 30m; at most 7 days' '--max-time:how long the job may run; devices it has not reached by then fail' '--timeout:how long a device may take to answer a command' '--no-wait:print the id of the job and return' '--cancel-on-interrupt:let Ctrl-C end the job too' '--dry-run:only show for how many devices the condition holds') ;;
    'job list') _iotctl_reply=('--status:only jobs of this status' '--action:only changes of twins, or commands') ;;
    'job show') _iotctl_reply=('--devices:a row for each device instead of the job' '--failed:only devices on which it failed; goes with --devices') ;;
    'job cancel') _iotctl_reply=() ;;
    'configuration apply') _iotctl_reply=('--timeout:how long to wait until a new revision has taken over' '--dry-run:only show the differences, like configuration plan') ;;
    'configuration plan') _iotctl_reply=() ;;
    'configuration list') _iotctl_reply=() ;;
    'configuration show') _iotctl_reply=() ;;
    'configuration delete') _iotctl_reply=() ;;
    'firmware keygen') _iotctl_reply=('--out:where the files go' '--encrypt:encrypt the private key by a passphrase') ;;
    'firmware sign') _iotctl_reply=('--hardware:hardware model that it fits' '--release-counter:guards against going back; the day when left out' '--back-to:take the release counter of this one' '--min-version:the oldest version that may be upgraded' '--created-at:when it was made, for a manifest that can be made again' '--key:private key that signs (- is standard input; else the key in IOTCTL_SIGNING_KEY)' '--out:the manifest (- is standard output); NAME-VERSION.json when left out' '--payload:write the bytes to sign (- is standard output)' '--signature:signature of the payload (- is standard input)' '--public-key:key that the signature is by, in PEM' '--resign:sign this manifest again, by another key') ;;
    'firmware verify') _iotctl_reply=('--file:the firmware' '--trust:keys that are trusted (NAME.trust.json)' '--public-key:the one key that is trusted, in PEM') ;;
    'firmware add') _iotctl_reply=('--file:the firmware' '--url:where devices fetch the file instead; it is not sent to the hub' '--trust:keys that are trusted (NAME.trust.json)' '--public-key:the one key that is trusted, in PEM' '--dry-run:only show what would be changed') ;;
    'firmware list') _iotctl_reply=() ;;
    'firmware show') _iotctl_reply=() ;;
    'firmware rotate-key') _iotctl_reply=('--trust:the present set (NAME.trust.json)' '--key:private key that signs (- is standard input; else the key in IOTCTL_SIGNING_KEY)' '--new-key:private key that joins' '--retire:key that leaves: its id, or the file of its public key' '--out:the new set; trust-VERSION.json when left out' '--offline:only write the file' '--publish:add this set at the hub; nothing is signed' '--dry-run:only show what would be changed') ;;
    'rollout plan') _iotctl_reply=('--file:YAML or JSON file with the specification; - is standard input' '--id:id of the rollout; by default firmware and version, as pump-2-1-0' '--firmware:what to bring to the devices; see firmware list' '--where:only devices for which this holds, as in "tags.site = '\''north'\''" (IoT Hub query language)' '--from:read device ids and globs from a file, one a line; - reads standard input' '--waves:devices up to and with each wave: 5,10%,50%,100%' '--bake:how long a confirmed device must stay healthy' '--rate:devices that are offered it in a minute' '--max-in-progress:devices under way at once' '--failure-limit:share or number of failures to stop at: 2%, 5, or 2%,5' '--on-failure:what to do beyond that limit' '--out:write the plan to this file' '--devices:a row for each device instead of for each wave') ;;
    'rollout rehearse') _iotctl_reply=('--file:YAML or JSON file with the specification; - is standard input' '--id:id of the rollout; by default firmware and version, as pump-2-1-0' '--firmware:what to bring to the devices; see firmware list' '--where:only devices for which this holds, as in "tags.site = '\''north'\''" (IoT Hub query language)' '--from:read device ids and globs from a file, one a line; - reads standard input' '--waves:devices up to and with each wave: 5,10%,50%,100%' '--bake:how long a confirmed device must stay healthy' '--rate:devices that are offered it in a minute' '--max-in-progress:devices under way at once' '--failure-limit:share or number of failures to stop at: 2%, 5, or 2%,5' '--on-failure:what to do beyond that limit' '--faults:what goes wrong; none for nothing' '--seed:the same seed gives the same rehearsal' '--gate:verdict of a gate: pass, fail or inconclusive' '--trust:keys that the devices trust (NAME.trust.json), to rehearse the signature too') ;;
    'rollout create') _iotctl_reply=('--file:YAML or JSON file with the specification; - is standard input' '--id:id of the rollout; by default firmware and version, as pump-2-1-0' '--firmware:what to bring to the devices; see firmware list' '--where:only devices for which this holds, as in "tags.site = '\''north'\''" (IoT Hub query language)' '--from:read device ids and globs from a file, one a line; - reads standard input' '--waves:devices up to and with each wave: 5,10%,50%,100%' '--bake:how long a confirmed device must stay healthy' '--rate:devices that are offered it in a minute' '--max-in-progress:devices under way at once' '--failure-limit:share or number of failures to stop at: 2%, 5, or 2%,5' '--on-failure:what to do beyond that limit' '--dry-run:only show the plan' '--wait:follow it until it has ended or needs a person; the exit code is the outcome' '--timeout:with --wait: give up waiting after this time (exit 124); the rollout goes on' '--report:write what became of each device: .xml is JUnit, .json and .md are summaries' '--allow-commands:with --wait on a hub in the cloud: run the programs that gates name, here') ;;
    'rollout apply') _iotctl_reply=('--dry-run:only show the plan' '--wait:follow it until it has ended or needs a person; the exit code is the outcome' '--timeout:with --wait: give up waiting after this time (exit 124); the rollout goes on' '--report:write what became of each device: .xml is JUnit, .json and .md are summaries' '--allow-commands:with --wait on a hub in the cloud: run the programs that gates name, here') ;;
    'rollout status') _iotctl_reply=('--wait:follow it until it has ended or needs a person; the exit code is the outcome' '--timeout:with --wait: give up waiting after this time (exit 124); the rollout goes on' '--report:write what became of each device: .xml is JUnit, .json and .md are summaries') ;;
    'rollout watch') _iotctl_reply=('--interval:time between two looks') ;;
    'rollout list') _iotctl_reply=('--open:only those that have not ended') ;;
    'rollout show') _iotctl_reply=('--devices:a row for each device instead of the rollout' '--failed:only devices that count as failures' '--state:only devices in this state' '--wave:only devices of this wave, from 1') ;;
    'rollout pause') _iotctl_reply=('--dry-run:only say what would be asked of the rollout') ;;
    'rollout resume') _iotctl_reply=('--dry-run:only say what would be asked of the rollout') ;;
    'rollout approve') _iotctl_reply=('--wave:which wave, from 1; the one that waits when absent' '--dry-run:only say what would be asked of the rollout') ;;
    'rollout promote') _iotctl_reply=('--wave:whose gates are overruled, from 1; the one that is open when absent' '--dry-run:only say what would be asked of the rollout') ;;
    'rollout abort') _iotctl_reply=('--dry-run:only say what would be asked of the rollout') ;;
    'rollout revert') _iotctl_reply=('--dry-run:only say what would be asked of the rollout') ;;
    'rollout retry') _iotctl_reply=('--failed:all devices that count as failures' '--dry-run:only say what would be asked of the rollout') ;;
    'rollout why') _iotctl_reply=() ;;
    'rollout audit') _iotctl_reply=('--verify:check the chain of hashes instead of showing the entries' '--device:only entries about this device') ;;
    'query') _iotctl_reply=('--top:at most so many rows' '--page-size:rows in one request') ;;
    'module list') _iotctl_reply=('--where:only modules for which this holds, as in "moduleId = '\''camera'\''" (IoT Hub query language)') ;;
    'module show') _iotctl_reply=('--show-secrets:also show its keys and connection string') ;;
    'module create') _iotctl_reply=('--managed-by:who looks after the modules') ;;
    'module delete') _iotctl_reply=('--dry-run:only show what would be changed') ;;
    'certificate add') _iotctl_reply=('--verified:count it as verified without a proof' '--replace:replace a certificate of this name') ;;
    'certificate verify') _iotctl_reply=('--ca:PEM file of the CA certificate' '--ca-key:PEM file of its key' '--proof:certificate over the code, in PEM') ;;
    'certificate list') _iotctl_reply=() ;;
    'certificate delete') _iotctl_reply=() ;;
    'certificate issue') _iotctl_reply=('--authority:make a CA' '--ca:PEM file of the CA that signs' '--ca-key:PEM file of its key' '--days:how long it is valid' '--directory:where the files go' '--force:replace files that are there') ;;
    'sas create') _iotctl_reply=('--expiry:how long it is valid') ;;
    'sas decode') _iotctl_reply=() ;;
    'sas verify') _iotctl_reply=() ;;
    'enrollment apply') _iotctl_reply=('--registration-id:the enrollment of one device' '--group-id:the enrollment of a group of devices' '--device:name of the device on its hub; otherwise its registration id' '--key-file:file with the primary key, base64; the service makes keys otherwise' '--certificate:PEM file: of the device, or for a group of the CA that signs its devices' '--authority:for a group: a verified CA certificate, by its name' '--endorsement-key-file:file with the endorsement key of a TPM, base64' '--tag:tag a device begins with' '--desired:desired property a device begins with' '--edge:devices are IoT Edge devices' '--hub:a hub to choose from; all otherwise' '--allocation:how the hub is chosen; otherwise hashed' '--webhook:who chooses the hub, for --allocation custom' '--disabled:devices are refused' '--never-move:a device stays on the hub it got first' '--reset-twin:a device that moves to another hub begins there anew' '--dry-run:only say what would change' '--dps-connection-string-file:the provisioning service, by a connection string in a file; otherwise that of the hub') ;;
    'enrollment list') _iotctl_reply=('--individual:the enrollment of a single device' '--group:the enrollment of a group of devices' '--dps-connection-string-file:the provisioning service, by a connection string in a file; otherwise that of the hub') ;;
    'enrollment show') _iotctl_reply=('--individual:the enrollment of a single device' '--group:the enrollment of a group of devices' '--show-secrets:also show its keys' '--dps-connection-string-file:the provisioning service, by a connection string in a file; otherwise that of the hub') ;;
    'enrollment delete') _iotctl_reply=('--individual:the enrollment of a single device' '--group:the enrollment of a group of devices' '--registration:forget the registration and keep the enrollment' '--dps-connection-string-file:the provisioning service, by a connection string in a file; otherwise that of the hub') ;;
    'enrollment explain') _iotctl_reply=('--dps-connection-string-file:the provisioning service, by a connection string in a file; otherwise that of the hub') ;;
    'controller run') _iotctl_reply=('--rollout:drive this one alone; otherwise all that go on, and new ones as they come' '--until-done:end when every rollout has ended, instead of waiting for the next' '--allow-commands:run the programs that gates of rollouts name; whoever may write to the hub chooses them') ;;
    'hub start') _iotctl_reply=('--data:data directory of the hub; by default one in your own data directory' '--mqtt-port:plain MQTT: a number, 0 for a free one, or off; otherwise 1883' '--mqtts-port:MQTT over TLS; otherwise 8883' '--amqp-port:plain AMQP; otherwise 5672' '--amqps-port:AMQP over TLS; otherwise 5671' '--http-port:plain HTTP; otherwise 8080' '--https-port:HTTPS; otherwise 443' '--operations-port:plain HTTP for /metrics, /healthz and /readyz, open to whoever reaches it; otherwise off' '--listen:where the TLS ports listen beside loopback; * for every address of the machine' '--operations-listen:where the operations port listens beside loopback' '--hostname:a name the hub answers to beside localhost; the first is in connection strings' '--ready-file:write this JSON file (mode 0600) when the hub is ready' '--ephemeral:keep everything in a temporary directory, and touch no profile' '--detach:start it in the background and return when it is ready' '--retention:how long telemetry is kept, as in 30d; otherwise 7d' '--retention-size:how much telemetry is kept, in megabytes on disk; otherwise 10 GiB' '--route:events that Event Hubs clients read beside telemetry; otherwise telemetry alone' '--consumer-group:a consumer group for Event Hubs clients, beside $Default' '--refuse-keys:no keys of devices or modules are taken; they come with certificates' '--imitate:the cloud'\''s limits, as in tier=S1,units=1,lag=30s; iotctl'\''s own extensions are off then' '--provisioning:YAML or JSON: other hubs that devices may be assigned to, and how far away they are' '--limits:YAML or JSON: limits of the hub, as in mqtt: {connectBytes: 16KiB}; iotctl hub limits lists them' '--limit:one of these limits, over the file, as connections.total=5000' '--no-controller:leave the rollouts of this hub to iotctl controller run' '--allow-commands:run the programs that gates of rollouts name; whoever may write to the hub chooses them' '--log-level:what the log says' '--show-secrets:show the connection string') ;;
    'hub status') _iotctl_reply=('--data:data directory of the hub; by default one in your own data directory') ;;
    'hub stop') _iotctl_reply=('--data:data directory of the hub; by default one in your own data directory' '--timeout:how long to wait for its end') ;;
    'hub limits') _iotctl_reply=('--data:data directory of the hub; by default one in your own data directory') ;;
    'hub container') _iotctl_reply=('--lifetime:how long the address holds, at most 7d') ;;
    'hub backup') _iotctl_reply=('--data:data directory of the hub; by default one in your own data directory') ;;
    'hub restore') _iotctl_reply=('--data:data directory of the hub; by default one in your own data directory' '--force:replace the data that is there, after a question') ;;
    'hub verify') _iotctl_reply=('--data:data directory of the hub; by default one in your own data directory') ;;
    'hub audit') _iotctl_reply=('--verify:check the chain of hashes instead of showing the entries' '--expect:with --verify: an end that was noted before' '--since:only from then on (ISO time, or an age such as 10m)' '--until:only before then' '--event:only these events, as keys.* or access.refused' '--target:only what was done to these') ;;
    'hub env') _iotctl_reply=('--data:data directory of the hub; by default one in your own data directory' '--format:for which reader; github is for GITHUB_ENV' '--show-secrets:print the connection strings on a terminal too' '--without-secrets:leave the connection strings out') ;;
    'hub fault add') _iotctl_reply=('--device:id or glob of the devices; otherwise all' '--probability:how often it strikes, as in 0.1; otherwise always' '--for:how long it lasts' '--delay:how late, for the kind delay; otherwise 1s') ;;
    'hub fault list') _iotctl_reply=() ;;
    'hub fault clear') _iotctl_reply=() ;;
    'profile add') _iotctl_reply=('--entra:sign in with Microsoft Entra ID instead of a key' '--hub:host name of the hub, with --entra' '--credential:how to sign in, with --entra' '--tenant:tenant to sign in to, with --entra' '--client-id:application to sign in as, with --entra' '--event-hub-connection-string-file:where telemetry is read, with --entra' '--storage-url-file:where a hub in the cloud has records and firmware: a container with its signature' '--consumer-group:consumer group to read telemetry with (default $Default)' '--tier:size of the hub; bulk work keeps to its rate' '--units:units of the tier (default 1)' '--service-url:service API when it is not https://HOSTNAME' '--device-url:where devices connect, mqtts://HOST:PORT' '--amqp-url:AMQP when it is not amqps://HOSTNAME:5671' '--amqp-websockets:AMQP over port 443: where 5671 is blocked, always or never' '--ca-file:PEM file of the CA of the hub'\''s certificate' '--kind:cloud or iotctl'\''s own hub, when the host name does not tell' '--protected:every change asks for the name of the profile first' '--use:also select it' '--replace:replace a profile of this name') ;;
    'profile use') _iotctl_reply=() ;;
    'profile list') _iotctl_reply=() ;;
    'profile show') _iotctl_reply=('--show-secrets:also show the connection string with its key' '--probe:ask the hub what it serves') ;;
    'profile remove') _iotctl_reply=() ;;
    'demo') _iotctl_reply=('--keep:leave the hub and the devices running, and say what to try next') ;;
    'agent') _iotctl_reply=('--device:device id; by default from the host name' '--interval:time between readings, until the hub says otherwise' '--metric:what to read; all when none is given' '--allow:a script that the command run may start' '--once:send one reading and end' '--outbox:where readings wait for the hub' '--firmware-dir:take firmware from the hub and keep it here' '--firmware-image:first start: the file that runs now; it is copied' '--firmware-version:first start: the version that runs now' '--hardware:first start: what the machine is, as manifests name it' '--firmware-trust:first start: the keys that may sign firmware; it is copied' '--firmware-activate:program that has a new firmware run, instead of DIR/hooks/activate' '--firmware-rate:the most to download, in bytes per second, such as 500k or 2M') ;;
    'simulate') _iotctl_reply=('--count:how many devices' '--prefix:ids are this and a number; by default the model and a dash' '--rate:messages per second of all devices together, instead of the model'\''s interval' '--speed:how much faster than real time, such as 60x' '--seed:the same seed gives the same values' '--for:end after this time' '--list-models:show the models' '--firmware:the devices have firmware that rollouts can update; needs --trust' '--trust:keys that the devices take firmware from (NAME.trust.json)' '--firmware-version:what they run at first' '--hardware:what they are, as manifests name it; the model by default' '--firmware-manifest:what they run at first, as its manifest says' '--faults:what goes wrong with updates, such as brick=2%,revert=1%,offline=30%,bad-image=2.0.0' '--download:fetch each file once for all devices, or each device for itself') ;;
    'doctor') _iotctl_reply=() ;;
    'completion') _iotctl_reply=('--install:write the script where the shell finds it, and nothing else') ;;
  esac
}

_iotctl_find_kind() {
  _iotctl_kind=''
  case "$1" in
    '--profile') _iotctl_kind='profile' ;;
    '--connection-string-file') _iotctl_kind='file' ;;
    '--output') _iotctl_kind='=table wide json ndjson yaml csv name lines raw' ;;
    '-o') _iotctl_kind='=table wide json ndjson yaml csv name lines raw' ;;
    '--query') _iotctl_kind='none' ;;
    '--columns') _iotctl_kind='none' ;;
    '--confirm') _iotctl_kind='profile' ;;
    'provision --count') _iotctl_kind='none' ;;
    'provision --prefix') _iotctl_kind='none' ;;
    'provision --start') _iotctl_kind='none' ;;
    'provision --digits') _iotctl_kind='none' ;;
    'provision --from') _iotctl_kind='file' ;;
    'provision --tag') _iotctl_kind='none' ;;
    'provision --desired') _iotctl_kind='none' ;;
    'provision --thumbprint') _iotctl_kind='none' ;;
    'provision --out') _iotctl_kind='file' ;;
    'provision --concurrency') _iotctl_kind='none' ;;
    'tail telemetry --where') _iotctl_kind='none' ;;
    'tail telemetry --from') _iotctl_kind='file' ;;
    'tail telemetry --since') _iotctl_kind='none' ;;
    'tail telemetry --until') _iotctl_kind='none' ;;
    'tail telemetry --consumer-group') _iotctl_kind='none' ;;
    'tail telemetry --select') _iotctl_kind='none' ;;
    'tail telemetry --count') _iotctl_kind='none' ;;
    'tail telemetry --timeout') _iotctl_kind='none' ;;
    'tail telemetry --binary') _iotctl_kind='=base64 hex' ;;
    'tail events --type') _iotctl_kind='=connected disconnected created deleted twin' ;;
    'tail events --where') _iotctl_kind='none' ;;
    'tail events --from') _iotctl_kind='file' ;;
    'tail events --since') _iotctl_kind='none' ;;
    'tail events --until') _iotctl_kind='none' ;;
    'tail events --consumer-group') _iotctl_kind='none' ;;
    'tail events --count') _iotctl_kind='none' ;;
    'tail events --timeout') _iotctl_kind='none' ;;
    'tail messages --where') _iotctl_kind='none' ;;
    'tail messages --from') _iotctl_kind='file' ;;
    'tail messages --since') _iotctl_kind='none' ;;
    'tail messages --until') _iotctl_kind='none' ;;
    'tail messages --count') _iotctl_kind='none' ;;
    'tail messages --timeout') _iotctl_kind='none' ;;
    'tail feedback --count') _iotctl_kind='none' ;;
    'tail feedback --timeout') _iotctl_kind='none' ;;
    'tail uploads --count') _iotctl_kind='none' ;;
    'tail uploads --timeout') _iotctl_kind='none' ;;
    'send-command --where') _iotctl_kind='none' ;;
    'send-command --from') _iotctl_kind='file' ;;
    'send-command --concurrency') _iotctl_kind='none' ;;
    'send-command --timeout') _iotctl_kind='none' ;;
    'send-command --connect-timeout') _iotctl_kind='none' ;;
    'send-command --retry') _iotctl_kind='none' ;;
    'send-message --where') _iotctl_kind='none' ;;
    'send-message --from') _iotctl_kind='file' ;;
    'send-message --concurrency') _iotctl_kind='none' ;;
    'send-message --ack') _iotctl_kind='=none positive negative full' ;;
    'send-message --timeout') _iotctl_kind='none' ;;
    'send-message --expiry') _iotctl_kind='none' ;;
    'send-message --property') _iotctl_kind='none' ;;
    'send-message -p') _iotctl_kind='none' ;;
    'send-message --message-id') _iotctl_kind='none' ;;
    'send-message --correlation-id') _iotctl_kind='none' ;;
    'send-message --content-type') _iotctl_kind='none' ;;
    'send-message --content-encoding') _iotctl_kind='none' ;;
    'message list --where') _iotctl_kind='none' ;;
    'message list --from') _iotctl_kind='file' ;;
    'message list --concurrency') _iotctl_kind='none' ;;
    'message peek --where') _iotctl_kind='none' ;;
    'message peek --from') _iotctl_kind='file' ;;
    'message peek --concurrency') _iotctl_kind='none' ;;
    'message peek --count') _iotctl_kind='none' ;;
    'message requeue --where') _iotctl_kind='none' ;;
    'message requeue --from') _iotctl_kind='file' ;;
    'message requeue --concurrency') _iotctl_kind='none' ;;
    'message requeue --number') _iotctl_kind='none' ;;
    'message purge --where') _iotctl_kind='none' ;;
    'message purge --from') _iotctl_kind='file' ;;
    'message purge --concurrency') _iotctl_kind='none' ;;
    'device list --where') _iotctl_kind='none' ;;
    'device list --top') _iotctl_kind='none' ;;
    'device enable --where') _iotctl_kind='none' ;;
    'device enable --from') _iotctl_kind='file' ;;
    'device enable --concurrency') _iotctl_kind='none' ;;
    'device disable --where') _iotctl_kind='none' ;;
    'device disable --from') _iotctl_kind='file' ;;
    'device disable --concurrency') _iotctl_kind='none' ;;
    'device disable --reason') _iotctl_kind='none' ;;
    'device export --out') _iotctl_kind='file' ;;
    'device export --format') _iotctl_kind='=ndjson csv' ;;
    'device export --where') _iotctl_kind='none' ;;
    'device export --from') _iotctl_kind='file' ;;
    'device export --concurrency') _iotctl_kind='none' ;;
    'device import --format') _iotctl_kind='=ndjson csv' ;;
    'device import --mode') _iotctl_kind='=both create update' ;;
    'device import --failed') _iotctl_kind='file' ;;
    'device import --concurrency') _iotctl_kind='none' ;;
    'device delete --where') _iotctl_kind='none' ;;
    'device delete --from') _iotctl_kind='file' ;;
    'device delete --concurrency') _iotctl_kind='none' ;;
    'device renew-key --where') _iotctl_kind='none' ;;
    'device renew-key --from') _iotctl_kind='file' ;;
    'device renew-key --concurrency') _iotctl_kind='none' ;;
    'device renew-key --key') _iotctl_kind='=primary secondary both' ;;
    'device register --transport') _iotctl_kind='=mqtt mqtt-ws https' ;;
    'device register --key-file') _iotctl_kind='file' ;;
    'device register --group-key-file') _iotctl_kind='file' ;;
    'device register --certificate') _iotctl_kind='file' ;;
    'device register --certificate-key') _iotctl_kind='file' ;;
    'device register --id-scope') _iotctl_kind='none' ;;
    'device register --endpoint') _iotctl_kind='none' ;;
    'device register --ca-file') _iotctl_kind='file' ;;
    'device register --payload') _iotctl_kind='file' ;;
    'device register --timeout') _iotctl_kind='none' ;;
    'device register --out') _iotctl_kind='file' ;;
    'device register --dps-connection-string-file') _iotctl_kind='file' ;;
    'device watch --where') _iotctl_kind='none' ;;
    'device watch --interval') _iotctl_kind='none' ;;
    'device watch --count') _iotctl_kind='none' ;;
    'device watch --timeout') _iotctl_kind='none' ;;
    'twin show --section') _iotctl_kind='=tags desired reported' ;;
    'twin set --where') _iotctl_kind='none' ;;
    'twin set --from') _iotctl_kind='file' ;;
    'twin set --concurrency') _iotctl_kind='none' ;;
    'twin set --etag') _iotctl_kind='none' ;;
    'twin unset --where') _iotctl_kind='none' ;;
    'twin unset --from') _iotctl_kind='file' ;;
    'twin unset --concurrency') _iotctl_kind='none' ;;
    'twin unset --etag') _iotctl_kind='none' ;;
    'job run --where') _iotctl_kind='none' ;;
    'job run --from') _iotctl_kind='file' ;;
    'job run --id') _iotctl_kind='none' ;;
    'job run --start') _iotctl_kind='none' ;;
    'job run --max-time') _iotctl_kind='none' ;;
    'job run --timeout') _iotctl_kind='none' ;;
    'job list --status') _iotctl_kind='=queued scheduled running completed failed cancelled' ;;
    'job list --action') _iotctl_kind='=twin command' ;;
    'configuration apply --timeout') _iotctl_kind='none' ;;
    'firmware keygen --out') _iotctl_kind='directory' ;;
    'firmware sign --hardware') _iotctl_kind='none' ;;
    'firmware sign --release-counter') _iotctl_kind='none' ;;
    'firmware sign --back-to') _iotctl_kind='file' ;;
    'firmware sign --min-version') _iotctl_kind='none' ;;
    'firmware sign --created-at') _iotctl_kind='none' ;;
    'firmware sign --key') _iotctl_kind='file' ;;
    'firmware sign --out') _iotctl_kind='file' ;;
    'firmware sign --payload') _iotctl_kind='file' ;;
    'firmware sign --signature') _iotctl_kind='file' ;;
    'firmware sign --public-key') _iotctl_kind='file' ;;
    'firmware sign --resign') _iotctl_kind='file' ;;
    'firmware verify --file') _iotctl_kind='file' ;;
    'firmware verify --trust') _iotctl_kind='file' ;;
    'firmware verify --public-key') _iotctl_kind='file' ;;
    'firmware add --file') _iotctl_kind='file' ;;
    'firmware add --url') _iotctl_kind='none' ;;
    'firmware add --trust') _iotctl_kind='file' ;;
    'firmware add --public-key') _iotctl_kind='file' ;;
    'firmware rotate-key --trust') _iotctl_kind='file' ;;
    'firmware rotate-key --key') _iotctl_kind='file' ;;
    'firmware rotate-key --new-key') _iotctl_kind='file' ;;
    'firmware rotate-key --retire') _iotctl_kind='file' ;;
    'firmware rotate-key --out') _iotctl_kind='file' ;;
    'firmware rotate-key --publish') _iotctl_kind='file' ;;
    'rollout plan --file') _iotctl_kind='file' ;;
    'rollout plan -f') _iotctl_kind='file' ;;
    'rollout plan --id') _iotctl_kind='none' ;;
    'rollout plan --firmware') _iotctl_kind='firmware' ;;
    'rollout plan --where') _iotctl_kind='none' ;;
    'rollout plan --from') _iotctl_kind='file' ;;
    'rollout plan --waves') _iotctl_kind='none' ;;
    'rollout plan --bake') _iotctl_kind='none' ;;
    'rollout plan --rate') _iotctl_kind='none' ;;
    'rollout plan --max-in-progress') _iotctl_kind='none' ;;
    'rollout plan --failure-limit') _iotctl_kind='none' ;;
    'rollout plan --on-failure') _iotctl_kind='=pause abort revert' ;;
    'rollout plan --out') _iotctl_kind='file' ;;
    'rollout rehearse --file') _iotctl_kind='file' ;;
    'rollout rehearse -f') _iotctl_kind='file' ;;
    'rollout rehearse --id') _iotctl_kind='none' ;;
    'rollout rehearse --firmware') _iotctl_kind='firmware' ;;
    'rollout rehearse --where') _iotctl_kind='none' ;;
    'rollout rehearse --from') _iotctl_kind='file' ;;
    'rollout rehearse --waves') _iotctl_kind='none' ;;
    'rollout rehearse --bake') _iotctl_kind='none' ;;
    'rollout rehearse --rate') _iotctl_kind='none' ;;
    'rollout rehearse --max-in-progress') _iotctl_kind='none' ;;
    'rollout rehearse --failure-limit') _iotctl_kind='none' ;;
    'rollout rehearse --on-failure') _iotctl_kind='=pause abort revert' ;;
    'rollout rehearse --faults') _iotctl_kind='none' ;;
    'rollout rehearse --seed') _iotctl_kind='none' ;;
    'rollout rehearse --gate') _iotctl_kind='none' ;;
    'rollout rehearse --trust') _iotctl_kind='file' ;;
    'rollout create --file') _iotctl_kind='file' ;;
    'rollout create -f') _iotctl_kind='file' ;;
    'rollout create --id') _iotctl_kind='none' ;;
    'rollout create --firmware') _iotctl_kind='firmware' ;;
    'rollout create --where') _iotctl_kind='none' ;;
    'rollout create --from') _iotctl_kind='file' ;;
    'rollout create --waves') _iotctl_kind='none' ;;
    'rollout create --bake') _iotctl_kind='none' ;;
    'rollout create --rate') _iotctl_kind='none' ;;
    'rollout create --max-in-progress') _iotctl_kind='none' ;;
    'rollout create --failure-limit') _iotctl_kind='none' ;;
    'rollout create --on-failure') _iotctl_kind='=pause abort revert' ;;
    'rollout create --timeout') _iotctl_kind='none' ;;
    'rollout create --report') _iotctl_kind='file' ;;
    'rollout apply --timeout') _iotctl_kind='none' ;;
    'rollout apply --report') _iotctl_kind='file' ;;
    'rollout status --timeout') _iotctl_kind='none' ;;
    'rollout status --report') _iotctl_kind='file' ;;
    'rollout watch --interval') _iotctl_kind='none' ;;
    'rollout show --state') _iotctl_kind='=planned blocked offered deferred downloading staged installing rebooting trial confirmed baking succeeded reverted failed rejected lost recovered unreached canceled skipped returned' ;;
    'rollout show --wave') _iotctl_kind='none' ;;
    'rollout approve --wave') _iotctl_kind='none' ;;
    'rollout promote --wave') _iotctl_kind='none' ;;
    'rollout audit --device') _iotctl_kind='device' ;;
    'query --top') _iotctl_kind='none' ;;
    'query --page-size') _iotctl_kind='none' ;;
    'module list --where') _iotctl_kind='none' ;;
    'module create --managed-by') _iotctl_kind='none' ;;
    'certificate verify --ca') _iotctl_kind='file' ;;
    'certificate verify --ca-key') _iotctl_kind='file' ;;
    'certificate verify --proof') _iotctl_kind='file' ;;
    'certificate issue --ca') _iotctl_kind='file' ;;
    'certificate issue --ca-key') _iotctl_kind='file' ;;
    'certificate issue --days') _iotctl_kind='none' ;;
    'certificate issue --directory') _iotctl_kind='directory' ;;
    'sas create --expiry') _iotctl_kind='none' ;;
    'enrollment apply --registration-id') _iotctl_kind='none' ;;
    'enrollment apply --group-id') _iotctl_kind='none' ;;
    'enrollment apply --device') _iotctl_kind='none' ;;
    'enrollment apply --key-file') _iotctl_kind='file' ;;
    'enrollment apply --certificate') _iotctl_kind='file' ;;
    'enrollment apply --authority') _iotctl_kind='none' ;;
    'enrollment apply --endorsement-key-file') _iotctl_kind='file' ;;
    'enrollment apply --tag') _iotctl_kind='none' ;;
    'enrollment apply --desired') _iotctl_kind='none' ;;
    'enrollment apply --hub') _iotctl_kind='none' ;;
    'enrollment apply --allocation') _iotctl_kind='=hashed geoLatency static custom' ;;
    'enrollment apply --webhook') _iotctl_kind='none' ;;
    'enrollment apply --dps-connection-string-file') _iotctl_kind='file' ;;
    'enrollment list --dps-connection-string-file') _iotctl_kind='file' ;;
    'enrollment show --dps-connection-string-file') _iotctl_kind='file' ;;
    'enrollment delete --dps-connection-string-file') _iotctl_kind='file' ;;
    'enrollment explain --dps-connection-string-file') _iotctl_kind='file' ;;
    'controller run --rollout') _iotctl_kind='rollout' ;;
    'hub start --data') _iotctl_kind='directory' ;;
    'hub start --mqtt-port') _iotctl_kind='none' ;;
    'hub start --mqtts-port') _iotctl_kind='none' ;;
    'hub start --amqp-port') _iotctl_kind='none' ;;
    'hub start --amqps-port') _iotctl_kind='none' ;;
    'hub start --http-port') _iotctl_kind='none' ;;
    'hub start --https-port') _iotctl_kind='none' ;;
    'hub start --operations-port') _iotctl_kind='none' ;;
    'hub start --listen') _iotctl_kind='none' ;;
    'hub start --operations-listen') _iotctl_kind='none' ;;
    'hub start --hostname') _iotctl_kind='none' ;;
    'hub start --ready-file') _iotctl_kind='file' ;;
    'hub start --retention') _iotctl_kind='none' ;;
    'hub start --retention-size') _iotctl_kind='none' ;;
    'hub start --route') _iotctl_kind='=twinChangeEvents deviceLifecycleEvents moduleLifecycleEvents deviceConnectionStateEvents' ;;
    'hub start --consumer-group') _iotctl_kind='none' ;;
    'hub start --refuse-keys') _iotctl_kind='=device module' ;;
    'hub start --imitate') _iotctl_kind='none' ;;
    'hub start --provisioning') _iotctl_kind='file' ;;
    'hub start --limits') _iotctl_kind='file' ;;
    'hub start --limit') _iotctl_kind='none' ;;
    'hub start --log-level') _iotctl_kind='=debug info warn error' ;;
    'hub status --data') _iotctl_kind='directory' ;;
    'hub stop --data') _iotctl_kind='directory' ;;
    'hub stop --timeout') _iotctl_kind='none' ;;
    'hub limits --data') _iotctl_kind='directory' ;;
    'hub container --lifetime') _iotctl_kind='none' ;;
    'hub backup --data') _iotctl_kind='directory' ;;
    'hub restore --data') _iotctl_kind='directory' ;;
    'hub verify --data') _iotctl_kind='directory' ;;
    'hub audit --expect') _iotctl_kind='none' ;;
    'hub audit --since') _iotctl_kind='none' ;;
    'hub audit --until') _iotctl_kind='none' ;;
    'hub audit --event') _iotctl_kind='none' ;;
    'hub audit --target') _iotctl_kind='none' ;;
    'hub env --data') _iotctl_kind='directory' ;;
    'hub env --format') _iotctl_kind='=sh fish json github' ;;
    'hub fault add --device') _iotctl_kind='device' ;;
    'hub fault add --probability') _iotctl_kind='none' ;;
    'hub fault add --for') _iotctl_kind='none' ;;
    'hub fault add --delay') _iotctl_kind='none' ;;
    'profile add --hub') _iotctl_kind='none' ;;
    'profile add --credential') _iotctl_kind='=default environment workload-identity cli device-code' ;;
    'profile add --tenant') _iotctl_kind='none' ;;
    'profile add --client-id') _iotctl_kind='none' ;;
    'profile add --event-hub-connection-string-file') _iotctl_kind='file' ;;
    'profile add --storage-url-file') _iotctl_kind='file' ;;
    'profile add --consumer-group') _iotctl_kind='none' ;;
    'profile add --tier') _iotctl_kind='=F1 B1 B2 B3 S1 S2 S3' ;;
    'profile add --units') _iotctl_kind='none' ;;
    'profile add --service-url') _iotctl_kind='none' ;;
    'profile add --device-url') _iotctl_kind='none' ;;
    'profile add --amqp-url') _iotctl_kind='none' ;;
    'profile add --amqp-websockets') _iotctl_kind='=auto always never' ;;
    'profile add --ca-file') _iotctl_kind='file' ;;
    'profile add --kind') _iotctl_kind='=local cloud' ;;
    'agent --device') _iotctl_kind='device' ;;
    'agent --interval') _iotctl_kind='none' ;;
    'agent --metric') _iotctl_kind='=cpu memory disk network temperature uptime' ;;
    'agent --allow') _iotctl_kind='file' ;;
    'agent --outbox') _iotctl_kind='directory' ;;
    'agent --firmware-dir') _iotctl_kind='directory' ;;
    'agent --firmware-image') _iotctl_kind='file' ;;
    'agent --firmware-version') _iotctl_kind='none' ;;
    'agent --hardware') _iotctl_kind='none' ;;
    'agent --firmware-trust') _iotctl_kind='file' ;;
    'agent --firmware-activate') _iotctl_kind='file' ;;
    'agent --firmware-rate') _iotctl_kind='none' ;;
    'simulate --count') _iotctl_kind='none' ;;
    'simulate --prefix') _iotctl_kind='none' ;;
    'simulate --rate') _iotctl_kind='none' ;;
    'simulate --speed') _iotctl_kind='none' ;;
    'simulate --seed') _iotctl_kind='none' ;;
    'simulate --for') _iotctl_kind='none' ;;
    'simulate --trust') _iotctl_kind='file' ;;
    'simulate --firmware-version') _iotctl_kind='none' ;;
    'simulate --hardware') _iotctl_kind='none' ;;
    'simulate --firmware-manifest') _iotctl_kind='file' ;;
    'simulate --faults') _iotctl_kind='none' ;;
    'simulate --download') _iotctl_kind='=once each' ;;
    'provision *') _iotctl_kind='none' ;;
    'tail telemetry *') _iotctl_kind='device' ;;
    'tail events *') _iotctl_kind='device' ;;
    'tail messages *') _iotctl_kind='device' ;;
    'send-command *') _iotctl_kind='device' ;;
    'send-message *') _iotctl_kind='device' ;;
    'message list *') _iotctl_kind='device' ;;
    'message peek *') _iotctl_kind='device' ;;
    'message requeue *') _iotctl_kind='device' ;;
    'message purge *') _iotctl_kind='device' ;;
    'device list *') _iotctl_kind='device' ;;
    'device show 1') _iotctl_kind='device' ;;
    'device enable *') _iotctl_kind='device' ;;
    'device disable *') _iotctl_kind='device' ;;
    'device export *') _iotctl_kind='device' ;;
    'device import 1') _iotctl_kind='file' ;;
    'device delete *') _iotctl_kind='device' ;;
    'device renew-key *') _iotctl_kind='device' ;;
    'device register 1') _iotctl_kind='none' ;;
    'device watch *') _iotctl_kind='device' ;;
    'twin show 1') _iotctl_kind='device' ;;
    'twin set *') _iotctl_kind='device' ;;
    'twin edit 1') _iotctl_kind='device' ;;
    'twin unset *') _iotctl_kind='device' ;;
    'twin diff 1') _iotctl_kind='device' ;;
    'twin diff 2') _iotctl_kind='device' ;;
    'job run 1') _iotctl_kind='=twin command' ;;
    'job run *') _iotctl_kind='device' ;;
    'job show 1') _iotctl_kind='none' ;;
    'job cancel 1') _iotctl_kind='none' ;;
    'configuration apply *') _iotctl_kind='file' ;;
    'configuration plan *') _iotctl_kind='file' ;;
    'configuration show 1') _iotctl_kind='none' ;;
    'configuration delete *') _iotctl_kind='none' ;;
    'firmware keygen 1') _iotctl_kind='none' ;;
    'firmware sign 1') _iotctl_kind='file' ;;
    'firmware sign 2') _iotctl_kind='none' ;;
    'firmware verify 1') _iotctl_kind='file' ;;
    'firmware add 1') _iotctl_kind='file' ;;
    'firmware show 1') _iotctl_kind='none' ;;
    'rollout plan *') _iotctl_kind='device' ;;
    'rollout rehearse 1') _iotctl_kind='file' ;;
    'rollout create 1') _iotctl_kind='file' ;;
    'rollout apply 1') _iotctl_kind='file' ;;
    'rollout status 1') _iotctl_kind='rollout' ;;
    'rollout watch 1') _iotctl_kind='rollout' ;;
    'rollout show 1') _iotctl_kind='rollout' ;;
    'rollout pause 1') _iotctl_kind='rollout' ;;
    'rollout resume 1') _iotctl_kind='rollout' ;;
    'rollout approve 1') _iotctl_kind='rollout' ;;
    'rollout promote 1') _iotctl_kind='rollout' ;;
    'rollout abort 1') _iotctl_kind='rollout' ;;
    'rollout revert 1') _iotctl_kind='rollout' ;;
    'rollout retry 1') _iotctl_kind='rollout' ;;
    'rollout retry *') _iotctl_kind='device' ;;
    'rollout why 1') _iotctl_kind='rollout' ;;
    'rollout why 2') _iotctl_kind='device' ;;
    'rollout audit 1') _iotctl_kind='rollout' ;;
    'query 1') _iotctl_kind='none' ;;
    'module list 1') _iotctl_kind='device' ;;
    'module show 1') _iotctl_kind='device' ;;
    'module create *') _iotctl_kind='device' ;;
    'module delete *') _iotctl_kind='device' ;;
    'certificate add 1') _iotctl_kind='none' ;;
    'certificate add 2') _iotctl_kind='file' ;;
    'certificate verify 1') _iotctl_kind='none' ;;
    'certificate delete 1') _iotctl_kind='none' ;;
    'certificate issue 1') _iotctl_kind='none' ;;
    'sas create 1') _iotctl_kind='device' ;;
    'sas decode 1') _iotctl_kind='file' ;;
    'sas verify 1') _iotctl_kind='file' ;;
    'enrollment apply 1') _iotctl_kind='file' ;;
    'enrollment show 1') _iotctl_kind='none' ;;
    'enrollment delete 1') _iotctl_kind='none' ;;
    'enrollment explain 1') _iotctl_kind='none' ;;
    'hub container 1') _iotctl_kind='none' ;;
    'hub backup 1') _iotctl_kind='file' ;;
    'hub restore 1') _iotctl_kind='file' ;;
    'hub fault add 1') _iotctl_kind='=drop delay disconnect refuse method-timeout' ;;
    'hub fault clear 1') _iotctl_kind='none' ;;
    'profile add 1') _iotctl_kind='none' ;;
    'profile use 1') _iotctl_kind='profile' ;;
    'profile show 1') _iotctl_kind='profile' ;;
    'profile remove 1') _iotctl_kind='profile' ;;
    'simulate 1') _iotctl_kind='=refrigerated-truck oil-pump elevator batch-reactor room' ;;
    'completion 1') _iotctl_kind='=bash zsh fish' ;;
    *) return 1 ;;
  esac
}

_iotctl_add_values() {
  local -a found
  case "$1" in
    ''|none) return 1 ;;
    file) _files ;;
    directory) _files -/ ;;
    =*) found=(${(s: :)${1#=}}); compadd -a found ;;
    *) found=("${(@f)$(command iotctl __complete "$1" ${profile:+"--profile=$profile"} </dev/null 2>/dev/null)}"); found=(${found:#}); compadd -a found ;;
  esac
}

_iotctl() {
  local command='' flag='' profile='' word candidate _iotctl_kind
  local -a _iotctl_reply
  local -i position=0 index
  for ((index = 2; index < CURRENT; index++)); do
    word=${words[index]}
    if [[ -n $flag ]]; then
      if [[ $flag == --profile ]]; then profile=$word; fi
      flag=''
      continue
    fi
    if [[ $word == --profile=* ]]; then profile=${word#*=}; fi
    if [[ $word == --*=* ]]; then continue; fi
    if [[ $word == -?* ]]; then
      if _iotctl_find_kind "$command $word" || _iotctl_find_kind "$word"; then flag=$word; fi
      continue
    fi
    if ((position == 0)); then
      _iotctl_next "$command"
      for candidate in $_iotctl_reply; do
        if [[ ${candidate%%:*} == "$word" ]]; then command="${command:+$command }$word"; continue 2; fi
      done
    fi
    position+=1
  done

  word=${words[CURRENT]}
  if [[ -n $flag ]]; then
    if _iotctl_find_kind "$command $flag" || _iotctl_find_kind "$flag"; then _iotctl_add_values "$_iotctl_kind"; fi
  elif [[ $word == --*=* ]]; then
    flag=${word%%=*}
    compset -P '*='
    if _iotctl_find_kind "$command $flag" || _iotctl_find_kind "$flag"; then _iotctl_add_values "$_iotctl_kind"; fi
  elif [[ $word == -* ]]; then
    _iotctl_flags "$command"
    local -a described=("${_iotctl_reply[@]}")
    if [[ -n $command ]]; then _iotctl_flags ''; described+=("${_iotctl_reply[@]}"); fi
    _describe -o flag described
  else
    _iotctl_next "$command"
    if ((position == 0 && ${#_iotctl_reply} > 0)); then
      local -a described=("${_iotctl_reply[@]}")
      _describe command described
    elif _iotctl_find_kind "$command $((position + 1))" || _iotctl_find_kind "$command *"; then
      _iotctl_add_values "$_iotctl_kind"
    fi
  fi
}

if [[ "${funcstack[1]}" == _iotctl ]]; then _iotctl "$@"; else compdef _iotctl iotctl; fi
