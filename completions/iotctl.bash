# bash completion for iotctl. Generated from the command declarations; do not edit.

# The words that may follow the command words in $1.
_iotctl_next() {
  _iotctl_reply=()
  case "$1" in
    '') _iotctl_reply=('provision' 'tail' 'send-command' 'send-message' 'message' 'device' 'twin' 'job' 'configuration' 'firmware' 'rollout' 'query' 'module' 'certificate' 'sas' 'enrollment' 'controller' 'hub' 'profile' 'demo' 'agent' 'simulate' 'doctor' 'completion') ;;
    'tail') _iotctl_reply=('telemetry' 'events' 'messages' 'feedback' 'uploads') ;;
    'message') _iotctl_reply=('list' 'peek' 'requeue' 'purge') ;;
    'device') _iotctl_reply=('list' 'show' 'enable' 'disable' 'export' 'import' 'delete' 'renew-key' 'register' 'watch') ;;
    'twin') _iotctl_reply=('show' 'set' 'edit' 'unset' 'diff') ;;
    'job') _iotctl_reply=('run' 'list' 'show' 'cancel') ;;
    'configuration') _iotctl_reply=('apply' 'plan' 'list' 'show' 'delete') ;;
    'firmware') _iotctl_reply=('keygen' 'sign' 'verify' 'add' 'list' 'show' 'rotate-key') ;;
    'rollout') _iotctl_reply=('plan' 'rehearse' 'create' 'apply' 'status' 'watch' 'list' 'show' 'pause' 'resume' 'approve' 'promote' 'abort' 'revert' 'retry' 'why' 'audit') ;;
    'module') _iotctl_reply=('list' 'show' 'create' 'delete') ;;
    'certificate') _iotctl_reply=('add' 'verify' 'list' 'delete' 'issue') ;;
    'sas') _iotctl_reply=('create' 'decode' 'verify') ;;
    'enrollment') _iotctl_reply=('apply' 'list' 'show' 'delete' 'explain') ;;
    'controller') _iotctl_reply=('run') ;;
    'hub') _iotctl_reply=('start' 'status' 'stop' 'limits' 'container' 'backup' 'restore' 'verify' 'audit' 'env' 'fault') ;;
    'hub fault') _iotctl_reply=('add' 'list' 'clear') ;;
    'profile') _iotctl_reply=('add' 'use' 'list' 'show' 'remove') ;;
  esac
}

# The flags of the command in $1.
_iotctl_flags() {
  _iotctl_reply=()
  case "$1" in
    '') _iotctl_reply=('--profile' '--connection-string-file' '--output' '--query' '--columns' '--yes' '--confirm' '--no-input' '--quiet' '--color' '--no-color' '--debug' '--help') ;;
    'provision') _iotctl_reply=('--count' '--prefix' '--start' '--digits' '--from' '--strict' '--template' '--tag' '--desired' '--ca-signed' '--thumbprint' '--out' '--show-secrets' '--dry-run' '--concurrency') ;;
    'tail telemetry') _iotctl_reply=('--where' '--from' '--since' '--until' '--consumer-group' '--select' '--count' '--timeout' '--stats' '--binary') ;;
    'tail events') _iotctl_reply=('--type' '--where' '--from' '--since' '--until' '--consumer-group' '--count' '--timeout') ;;
    'tail messages') _iotctl_reply=('--where' '--from' '--since' '--until' '--count' '--timeout') ;;
    'tail feedback') _iotctl_reply=('--count' '--timeout') ;;
    'tail uploads') _iotctl_reply=('--count' '--timeout') ;;
    'send-command') _iotctl_reply=('--where' '--from' '--concurrency' '--timeout' '--connect-timeout' '--retry' '--retry-unanswered' '--dry-run') ;;
    'send-message') _iotctl_reply=('--where' '--from' '--concurrency' '--ack' '--wait' '--timeout' '--expiry' '--property' '--message-id' '--correlation-id' '--content-type' '--content-encoding' '--dry-run') ;;
    'message list') _iotctl_reply=('--where' '--from' '--concurrency' '--dead') ;;
    'message peek') _iotctl_reply=('--where' '--from' '--concurrency' '--dead' '--count') ;;
    'message requeue') _iotctl_reply=('--where' '--from' '--concurrency' '--number' '--dry-run') ;;
    'message purge') _iotctl_reply=('--where' '--from' '--concurrency' '--dry-run') ;;
    'device list') _iotctl_reply=('--where' '--top') ;;
    'device show') _iotctl_reply=('--show-secrets') ;;
    'device enable') _iotctl_reply=('--where' '--from' '--concurrency' '--dry-run') ;;
    'device disable') _iotctl_reply=('--where' '--from' '--concurrency' '--reason' '--dry-run') ;;
    'device export') _iotctl_reply=('--out' '--format' '--include-keys' '--show-secrets' '--where' '--from' '--concurrency') ;;
    'device import') _iotctl_reply=('--format' '--mode' '--dry-run' '--failed' '--concurrency') ;;
    'device delete') _iotctl_reply=('--where' '--from' '--concurrency' '--dry-run') ;;
    'device renew-key') _iotctl_reply=('--where' '--from' '--concurrency' '--key' '--show-secrets' '--dry-run') ;;
    'device register') _iotctl_reply=('--transport' '--key-file' '--group-key-file' '--certificate' '--certificate-key' '--id-scope' '--endpoint' '--ca-file' '--payload' '--timeout' '--out' '--show-secrets' '--dps-connection-string-file') ;;
    'device watch') _iotctl_reply=('--where' '--interval' '--count' '--timeout') ;;
    'twin show') _iotctl_reply=('--section') ;;
    'twin set') _iotctl_reply=('--where' '--from' '--concurrency' '--etag' '--dry-run') ;;
    'twin edit') _iotctl_reply=('--json' '--dry-run') ;;
    'twin unset') _iotctl_reply=('--where' '--from' '--concurrency' '--etag' '--dry-run') ;;
    'twin diff') _iotctl_reply=('--exit-code') ;;
    'job run') _iotctl_reply=('--where' '--from' '--id' '--start' '--max-time' '--timeout' '--no-wait' '--cancel-on-interrupt' '--dry-run') ;;
    'job list') _iotctl_reply=('--status' '--action') ;;
    'job show') _iotctl_reply=('--devices' '--failed') ;;
    'job cancel') _iotctl_reply=() ;;
    'configuration apply') _iotctl_reply=('--timeout' '--dry-run') ;;
    'configuration plan') _iotctl_reply=() ;;
    'configuration list') _iotctl_reply=() ;;
    'configuration show') _iotctl_reply=() ;;
    'configuration delete') _iotctl_reply=() ;;
    'firmware keygen') _iotctl_reply=('--out' '--encrypt') ;;
    'firmware sign') _iotctl_reply=('--hardware' '--release-counter' '--back-to' '--min-version' '--created-at' '--key' '--out' '--payload' '--signature' '--public-key' '--resign') ;;
    'firmware verify') _iotctl_reply=('--file' '--trust' '--public-key') ;;
    'firmware add') _iotctl_reply=('--file' '--url' '--trust' '--public-key' '--dry-run') ;;
    'firmware list') _iotctl_reply=() ;;
    'firmware show') _iotctl_reply=() ;;
    'firmware rotate-key') _iotctl_reply=('--trust' '--key' '--new-key' '--retire' '--out' '--offline' '--publish' '--dry-run') ;;
    'rollout plan') _iotctl_reply=('--file' '--id' '--firmware' '--where' '--from' '--waves' '--bake' '--rate' '--max-in-progress' '--failure-limit' '--on-failure' '--out' '--devices') ;;
    'rollout rehearse') _iotctl_reply=('--file' '--id' '--firmware' '--where' '--from' '--waves' '--bake' '--rate' '--max-in-progress' '--failure-limit' '--on-failure' '--faults' '--seed' '--gate' '--trust') ;;
    'rollout create') _iotctl_reply=('--file' '--id' '--firmware' '--where' '--from' '--waves' '--bake' '--rate' '--max-in-progress' '--failure-limit' '--on-failure' '--dry-run' '--wait' '--timeout' '--report' '--allow-commands') ;;
    'rollout apply') _iotctl_reply=('--dry-run' '--wait' '--timeout' '--report' '--allow-commands') ;;
    'rollout status') _iotctl_reply=('--wait' '--timeout' '--report') ;;
    'rollout watch') _iotctl_reply=('--interval') ;;
    'rollout list') _iotctl_reply=('--open') ;;
    'rollout show') _iotctl_reply=('--devices' '--failed' '--state' '--wave') ;;
    'rollout pause') _iotctl_reply=('--dry-run') ;;
    'rollout resume') _iotctl_reply=('--dry-run') ;;
    'rollout approve') _iotctl_reply=('--wave' '--dry-run') ;;
    'rollout promote') _iotctl_reply=('--wave' '--dry-run') ;;
    'rollout abort') _iotctl_reply=('--dry-run') ;;
    'rollout revert') _iotctl_reply=('--dry-run') ;;
    'rollout retry') _iotctl_reply=('--failed' '--dry-run') ;;
    'rollout why') _iotctl_reply=() ;;
    'rollout audit') _iotctl_reply=('--verify' '--device') ;;
    'query') _iotctl_reply=('--top' '--page-size') ;;
    'module list') _iotctl_reply=('--where') ;;
    'module show') _iotctl_reply=('--show-secrets') ;;
    'module create') _iotctl_reply=('--managed-by') ;;
    'module delete') _iotctl_reply=('--dry-run') ;;
    'certificate add') _iotctl_reply=('--verified' '--replace') ;;
    'certificate verify') _iotctl_reply=('--ca' '--ca-key' '--proof') ;;
    'certificate list') _iotctl_reply=() ;;
    'certificate delete') _iotctl_reply=() ;;
    'certificate issue') _iotctl_reply=('--authority' '--ca' '--ca-key' '--days' '--directory' '--force') ;;
    'sas create') _iotctl_reply=('--expiry') ;;
    'sas decode') _iotctl_reply=() ;;
    'sas verify') _iotctl_reply=() ;;
    'enrollment apply') _iotctl_reply=('--registration-id' '--group-id' '--device' '--key-file' '--certificate' '--authority' '--endorsement-key-file' '--tag' '--desired' '--edge' '--hub' '--allocation' '--webhook' '--disabled' '--never-move' '--reset-twin' '--dry-run' '--dps-connection-string-file') ;;
    'enrollment list') _iotctl_reply=('--individual' '--group' '--dps-connection-string-file') ;;
    'enrollment show') _iotctl_reply=('--individual' '--group' '--show-secrets' '--dps-connection-string-file') ;;
    'enrollment delete') _iotctl_reply=('--individual' '--group' '--registration' '--dps-connection-string-file') ;;
    'enrollment explain') _iotctl_reply=('--dps-connection-string-file') ;;
    'controller run') _iotctl_reply=('--rollout' '--until-done' '--allow-commands') ;;
    'hub start') _iotctl_reply=('--data' '--mqtt-port' '--mqtts-port' '--amqp-port' '--amqps-port' '--http-port' '--https-port' '--operations-port' '--listen' '--operations-listen' '--hostname' '--ready-file' '--ephemeral' '--detach' '--retention' '--retention-size' '--route' '--consumer-group' '--refuse-keys' '--imitate' '--provisioning' '--limits' '--limit' '--no-controller' '--allow-commands' '--log-level' '--show-secrets') ;;
    'hub status') _iotctl_reply=('--data') ;;
    'hub stop') _iotctl_reply=('--data' '--timeout') ;;
    'hub limits') _iotctl_reply=('--data') ;;
    'hub container') _iotctl_reply=('--lifetime') ;;
    'hub backup') _iotctl_reply=('--data') ;;
    'hub restore') _iotctl_reply=('--data' '--force') ;;
    'hub verify') _iotctl_reply=('--data') ;;
    'hub audit') _iotctl_reply=('--verify' '--expect' '--since' '--until' '--event' '--target') ;;
    'hub env') _iotctl_reply=('--data' '--format' '--show-secrets' '--without-secrets') ;;
    'hub fault add') _iotctl_reply=('--device' '--probability' '--for' '--delay') ;;
    'hub fault list') _iotctl_reply=() ;;
    'hub fault clear') _iotctl_reply=() ;;
    'profile add') _iotctl_reply=('--entra' '--hub' '--credential' '--tenant' '--client-id' '--event-hub-connection-string-file' '--storage-url-file' '--consumer-group' '--tier' '--units' '--service-url' '--device-url' '--amqp-url' '--amqp-websockets' '--ca-file' '--kind' '--protected' '--use' '--replace') ;;
    'profile use') _iotctl_reply=() ;;
    'profile list') _iotctl_reply=() ;;
    'profile show') _iotctl_reply=('--show-secrets' '--probe') ;;
    'profile remove') _iotctl_reply=() ;;
    'demo') _iotctl_reply=('--keep') ;;
    'agent') _iotctl_reply=('--device' '--interval' '--metric' '--allow' '--once' '--outbox' '--firmware-dir' '--firmware-image' '--firmware-version' '--hardware' '--firmware-trust' '--firmware-activate' '--firmware-rate') ;;
    'simulate') _iotctl_reply=('--count' '--prefix' '--rate' '--speed' '--seed' '--for' '--list-models' '--firmware' '--trust' '--firmware-version' '--hardware' '--firmware-manifest' '--faults' '--download') ;;
    'doctor') _iotctl_reply=() ;;
    'completion') _iotctl_reply=('--install') ;;
  esac
}

# What the value of a flag or the nth word of a command is: "device show 1", "--profile". Fails when there is none.
_iotctl_kind() {
  _iotctl_value=''
  case "$1" in
    '--profile') _iotctl_value='profile' ;;
    '--connection-string-file') _iotctl_value='file' ;;
    '--output') _iotctl_value='=table wide json ndjson yaml csv name lines raw' ;;
    '-o') _iotctl_value='=table wide json ndjson yaml csv name lines raw' ;;
    '--query') _iotctl_value='none' ;;
    '--columns') _iotctl_value='none' ;;
    '--confirm') _iotctl_value='profile' ;;
    'provision --count') _iotctl_value='none' ;;
    'provision --prefix') _iotctl_value='none' ;;
    'provision --start') _iotctl_value='none' ;;
    'provision --digits') _iotctl_value='none' ;;
    'provision --from') _iotctl_value='file' ;;
    'provision --tag') _iotctl_value='none' ;;
    'provision --desired') _iotctl_value='none' ;;
    'provision --thumbprint') _iotctl_value='none' ;;
    'provision --out') _iotctl_value='file' ;;
    'provision --concurrency') _iotctl_value='none' ;;
    'tail telemetry --where') _iotctl_value='none' ;;
    'tail telemetry --from') _iotctl_value='file' ;;
    'tail telemetry --since') _iotctl_value='none' ;;
    'tail telemetry --until') _iotctl_value='none' ;;
    'tail telemetry --consumer-group') _iotctl_value='none' ;;
    'tail telemetry --select') _iotctl_value='none' ;;
    'tail telemetry --count') _iotctl_value='none' ;;
    'tail telemetry --timeout') _iotctl_value='none' ;;
    'tail telemetry --binary') _iotctl_value='=base64 hex' ;;
    'tail events --type') _iotctl_value='=connected disconnected created deleted twin' ;;
    'tail events --where') _iotctl_value='none' ;;
    'tail events --from') _iotctl_value='file' ;;
    'tail events --since') _iotctl_value='none' ;;
    'tail events --until') _iotctl_value='none' ;;
    'tail events --consumer-group') _iotctl_value='none' ;;
    'tail events --count') _iotctl_value='none' ;;
    'tail events --timeout') _iotctl_value='none' ;;
    'tail messages --where') _iotctl_value='none' ;;
    'tail messages --from') _iotctl_value='file' ;;
    'tail messages --since') _iotctl_value='none' ;;
    'tail messages --until') _iotctl_value='none' ;;
    'tail messages --count') _iotctl_value='none' ;;
    'tail messages --timeout') _iotctl_value='none' ;;
    'tail feedback --count') _iotctl_value='none' ;;
    'tail feedback --timeout') _iotctl_value='none' ;;
    'tail uploads --count') _iotctl_value='none' ;;
    'tail uploads --timeout') _iotctl_value='none' ;;
    'send-command --where') _iotctl_value='none' ;;
    'send-command --from') _iotctl_value='file' ;;
    'send-command --concurrency') _iotctl_value='none' ;;
    'send-command --timeout') _iotctl_value='none' ;;
    'send-command --connect-timeout') _iotctl_value='none' ;;
    'send-command --retry') _iotctl_value='none' ;;
    'send-message --where') _iotctl_value='none' ;;
    'send-message --from') _iotctl_value='file' ;;
    'send-message --concurrency') _iotctl_value='none' ;;
    'send-message --ack') _iotctl_value='=none positive negative full' ;;
    'send-message --timeout') _iotctl_value='none' ;;
    'send-message --expiry') _iotctl_value='none' ;;
    'send-message --property') _iotctl_value='none' ;;
    'send-message -p') _iotctl_value='none' ;;
    'send-message --message-id') _iotctl_value='none' ;;
    'send-message --correlation-id') _iotctl_value='none' ;;
    'send-message --content-type') _iotctl_value='none' ;;
    'send-message --content-encoding') _iotctl_value='none' ;;
    'message list --where') _iotctl_value='none' ;;
    'message list --from') _iotctl_value='file' ;;
    'message list --concurrency') _iotctl_value='none' ;;
    'message peek --where') _iotctl_value='none' ;;
    'message peek --from') _iotctl_value='file' ;;
    'message peek --concurrency') _iotctl_value='none' ;;
    'message peek --count') _iotctl_value='none' ;;
    'message requeue --where') _iotctl_value='none' ;;
    'message requeue --from') _iotctl_value='file' ;;
    'message requeue --concurrency') _iotctl_value='none' ;;
    'message requeue --number') _iotctl_value='none' ;;
    'message purge --where') _iotctl_value='none' ;;
    'message purge --from') _iotctl_value='file' ;;
    'message purge --concurrency') _iotctl_value='none' ;;
    'device list --where') _iotctl_value='none' ;;
    'device list --top') _iotctl_value='none' ;;
    'device enable --where') _iotctl_value='none' ;;
    'device enable --from') _iotctl_value='file' ;;
    'device enable --concurrency') _iotctl_value='none' ;;
    'device disable --where') _iotctl_value='none' ;;
    'device disable --from') _iotctl_value='file' ;;
    'device disable --concurrency') _iotctl_value='none' ;;
    'device disable --reason') _iotctl_value='none' ;;
    'device export --out') _iotctl_value='file' ;;
    'device export --format') _iotctl_value='=ndjson csv' ;;
    'device export --where') _iotctl_value='none' ;;
    'device export --from') _iotctl_value='file' ;;
    'device export --concurrency') _iotctl_value='none' ;;
    'device import --format') _iotctl_value='=ndjson csv' ;;
    'device import --mode') _iotctl_value='=both create update' ;;
    'device import --failed') _iotctl_value='file' ;;
    'device import --concurrency') _iotctl_value='none' ;;
    'device delete --where') _iotctl_value='none' ;;
    'device delete --from') _iotctl_value='file' ;;
    'device delete --concurrency') _iotctl_value='none' ;;
    'device renew-key --where') _iotctl_value='none' ;;
    'device renew-key --from') _iotctl_value='file' ;;
    'device renew-key --concurrency') _iotctl_value='none' ;;
    'device renew-key --key') _iotctl_value='=primary secondary both' ;;
    'device register --transport') _iotctl_value='=mqtt mqtt-ws https' ;;
    'device register --key-file') _iotctl_value='file' ;;
    'device register --group-key-file') _iotctl_value='file' ;;
    'device register --certificate') _iotctl_value='file' ;;
    'device register --certificate-key') _iotctl_value='file' ;;
    'device register --id-scope') _iotctl_value='none' ;;
    'device register --endpoint') _iotctl_value='none' ;;
    'device register --ca-file') _iotctl_value='file' ;;
    'device register --payload') _iotctl_value='file' ;;
    'device register --timeout') _iotctl_value='none' ;;
    'device register --out') _iotctl_value='file' ;;
    'device register --dps-connection-string-file') _iotctl_value='file' ;;
    'device watch --where') _iotctl_value='none' ;;
    'device watch --interval') _iotctl_value='none' ;;
    'device watch --count') _iotctl_value='none' ;;
    'device watch --timeout') _iotctl_value='none' ;;
    'twin show --section') _iotctl_value='=tags desired reported' ;;
    'twin set --where') _iotctl_value='none' ;;
    'twin set --from') _iotctl_value='file' ;;
    'twin set --concurrency') _iotctl_value='none' ;;
    'twin set --etag') _iotctl_value='none' ;;
    'twin unset --where') _iotctl_value='none' ;;
    'twin unset --from') _iotctl_value='file' ;;
    'twin unset --concurrency') _iotctl_value='none' ;;
    'twin unset --etag') _iotctl_value='none' ;;
    'job run --where') _iotctl_value='none' ;;
    'job run --from') _iotctl_value='file' ;;
    'job run --id') _iotctl_value='none' ;;
    'job run --start') _iotctl_value='none' ;;
    'job run --max-time') _iotctl_value='none' ;;
    'job run --timeout') _iotctl_value='none' ;;
    'job list --status') _iotctl_value='=queued scheduled running completed failed cancelled' ;;
    'job list --action') _iotctl_value='=twin command' ;;
    'configuration apply --timeout') _iotctl_value='none' ;;
    'firmware keygen --out') _iotctl_value='directory' ;;
    'firmware sign --hardware') _iotctl_value='none' ;;
    'firmware sign --release-counter') _iotctl_value='none' ;;
    'firmware sign --back-to') _iotctl_value='file' ;;
    'firmware sign --min-version') _iotctl_value='none' ;;
    'firmware sign --created-at') _iotctl_value='none' ;;
    'firmware sign --key') _iotctl_value='file' ;;
    'firmware sign --out') _iotctl_value='file' ;;
    'firmware sign --payload') _iotctl_value='file' ;;
    'firmware sign --signature') _iotctl_value='file' ;;
    'firmware sign --public-key') _iotctl_value='file' ;;
    'firmware sign --resign') _iotctl_value='file' ;;
    'firmware verify --file') _iotctl_value='file' ;;
    'firmware verify --trust') _iotctl_value='file' ;;
    'firmware verify --public-key') _iotctl_value='file' ;;
    'firmware add --file') _iotctl_value='file' ;;
    'firmware add --url') _iotctl_value='none' ;;
    'firmware add --trust') _iotctl_value='file' ;;
    'firmware add --public-key') _iotctl_value='file' ;;
    'firmware rotate-key --trust') _iotctl_value='file' ;;
    'firmware rotate-key --key') _iotctl_value='file' ;;
    'firmware rotate-key --new-key') _iotctl_value='file' ;;
    'firmware rotate-key --retire') _iotctl_value='file' ;;
    'firmware rotate-key --out') _iotctl_value='file' ;;
    'firmware rotate-key --publish') _iotctl_value='file' ;;
    'rollout plan --file') _iotctl_value='file' ;;
    'rollout plan -f') _iotctl_value='file' ;;
    'rollout plan --id') _iotctl_value='none' ;;
    'rollout plan --firmware') _iotctl_value='firmware' ;;
    'rollout plan --where') _iotctl_value='none' ;;
    'rollout plan --from') _iotctl_value='file' ;;
    'rollout plan --waves') _iotctl_value='none' ;;
    'rollout plan --bake') _iotctl_value='none' ;;
    'rollout plan --rate') _iotctl_value='none' ;;
    'rollout plan --max-in-progress') _iotctl_value='none' ;;
    'rollout plan --failure-limit') _iotctl_value='none' ;;
    'rollout plan --on-failure') _iotctl_value='=pause abort revert' ;;
    'rollout plan --out') _iotctl_value='file' ;;
    'rollout rehearse --file') _iotctl_value='file' ;;
    'rollout rehearse -f') _iotctl_value='file' ;;
    'rollout rehearse --id') _iotctl_value='none' ;;
    'rollout rehearse --firmware') _iotctl_value='firmware' ;;
    'rollout rehearse --where') _iotctl_value='none' ;;
    'rollout rehearse --from') _iotctl_value='file' ;;
    'rollout rehearse --waves') _iotctl_value='none' ;;
    'rollout rehearse --bake') _iotctl_value='none' ;;
    'rollout rehearse --rate') _iotctl_value='none' ;;
    'rollout rehearse --max-in-progress') _iotctl_value='none' ;;
    'rollout rehearse --failure-limit') _iotctl_value='none' ;;
    'rollout rehearse --on-failure') _iotctl_value='=pause abort revert' ;;
    'rollout rehearse --faults') _iotctl_value='none' ;;
    'rollout rehearse --seed') _iotctl_value='none' ;;
    'rollout rehearse --gate') _iotctl_value='none' ;;
    'rollout rehearse --trust') _iotctl_value='file' ;;
    'rollout create --file') _iotctl_value='file' ;;
    'rollout create -f') _iotctl_value='file' ;;
    'rollout create --id') _iotctl_value='none' ;;
    'rollout create --firmware') _iotctl_value='firmware' ;;
    'rollout create --where') _iotctl_value='none' ;;
    'rollout create --from') _iotctl_value='file' ;;
    'rollout create --waves') _iotctl_value='none' ;;
    'rollout create --bake') _iotctl_value='none' ;;
    'rollout create --rate') _iotctl_value='none' ;;
    'rollout create --max-in-progress') _iotctl_value='none' ;;
    'rollout create --failure-limit') _iotctl_value='none' ;;
    'rollout create --on-failure') _iotctl_value='=pause abort revert' ;;
    'rollout create --timeout') _iotctl_value='none' ;;
    'rollout create --report') _iotctl_value='file' ;;
    'rollout apply --timeout') _iotctl_value='none' ;;
    'rollout apply --report') _iotctl_value='file' ;;
    'rollout status --timeout') _iotctl_value='none' ;;
    'rollout status --report') _iotctl_value='file' ;;
    'rollout watch --interval') _iotctl_value='none' ;;
    'rollout show --state') _iotctl_value='=planned blocked offered deferred downloading staged installing rebooting trial confirmed baking succeeded reverted failed rejected lost recovered unreached canceled skipped returned' ;;
    'rollout show --wave') _iotctl_value='none' ;;
    'rollout approve --wave') _iotctl_value='none' ;;
    'rollout promote --wave') _iotctl_value='none' ;;
    'rollout audit --device') _iotctl_value='device' ;;
    'query --top') _iotctl_value='none' ;;
    'query --page-size') _iotctl_value='none' ;;
    'module list --where') _iotctl_value='none' ;;
    'module create --managed-by') _iotctl_value='none' ;;
    'certificate verify --ca') _iotctl_value='file' ;;
    'certificate verify --ca-key') _iotctl_value='file' ;;
    'certificate verify --proof') _iotctl_value='file' ;;
    'certificate issue --ca') _iotctl_value='file' ;;
    'certificate issue --ca-key') _iotctl_value='file' ;;
    'certificate issue --days') _iotctl_value='none' ;;
    'certificate issue --directory') _iotctl_value='directory' ;;
    'sas create --expiry') _iotctl_value='none' ;;
    'enrollment apply --registration-id') _iotctl_value='none' ;;
    'enrollment apply --group-id') _iotctl_value='none' ;;
    'enrollment apply --device') _iotctl_value='none' ;;
    'enrollment apply --key-file') _iotctl_value='file' ;;
    'enrollment apply --certificate') _iotctl_value='file' ;;
    'enrollment apply --authority') _iotctl_value='none' ;;
    'enrollment apply --endorsement-key-file') _iotctl_value='file' ;;
    'enrollment apply --tag') _iotctl_value='none' ;;
    'enrollment apply --desired') _iotctl_value='none' ;;
    'enrollment apply --hub') _iotctl_value='none' ;;
    'enrollment apply --allocation') _iotctl_value='=hashed geoLatency static custom' ;;
    'enrollment apply --webhook') _iotctl_value='none' ;;
    'enrollment apply --dps-connection-string-file') _iotctl_value='file' ;;
    'enrollment list --dps-connection-string-file') _iotctl_value='file' ;;
    'enrollment show --dps-connection-string-file') _iotctl_value='file' ;;
    'enrollment delete --dps-connection-string-file') _iotctl_value='file' ;;
    'enrollment explain --dps-connection-string-file') _iotctl_value='file' ;;
    'controller run --rollout') _iotctl_value='rollout' ;;
    'hub start --data') _iotctl_value='directory' ;;
    'hub start --mqtt-port') _iotctl_value='none' ;;
    'hub start --mqtts-port') _iotctl_value='none' ;;
    'hub start --amqp-port') _iotctl_value='none' ;;
    'hub start --amqps-port') _iotctl_value='none' ;;
    'hub start --http-port') _iotctl_value='none' ;;
    'hub start --https-port') _iotctl_value='none' ;;
    'hub start --operations-port') _iotctl_value='none' ;;
    'hub start --listen') _iotctl_value='none' ;;
    'hub start --operations-listen') _iotctl_value='none' ;;
    'hub start --hostname') _iotctl_value='none' ;;
    'hub start --ready-file') _iotctl_value='file' ;;
    'hub start --retention') _iotctl_value='none' ;;
    'hub start --retention-size') _iotctl_value='none' ;;
    'hub start --route') _iotctl_value='=twinChangeEvents deviceLifecycleEvents moduleLifecycleEvents deviceConnectionStateEvents' ;;
    'hub start --consumer-group') _iotctl_value='none' ;;
    'hub start --refuse-keys') _iotctl_value='=device module' ;;
    'hub start --imitate') _iotctl_value='none' ;;
    'hub start --provisioning') _iotctl_value='file' ;;
    'hub start --limits') _iotctl_value='file' ;;
    'hub start --limit') _iotctl_value='none' ;;
    'hub start --log-level') _iotctl_value='=debug info warn error' ;;
    'hub status --data') _iotctl_value='directory' ;;
    'hub stop --data') _iotctl_value='directory' ;;
    'hub stop --timeout') _iotctl_value='none' ;;
    'hub limits --data') _iotctl_value='directory' ;;
    'hub container --lifetime') _iotctl_value='none' ;;
    'hub backup --data') _iotctl_value='directory' ;;
    'hub restore --data') _iotctl_value='directory' ;;
    'hub verify --data') _iotctl_value='directory' ;;
    'hub audit --expect') _iotctl_value='none' ;;
    'hub audit --since') _iotctl_value='none' ;;
    'hub audit --until') _iotctl_value='none' ;;
    'hub audit --event') _iotctl_value='none' ;;
    'hub audit --target') _iotctl_value='none' ;;
    'hub env --data') _iotctl_value='directory' ;;
    'hub env --format') _iotctl_value='=sh fish json github' ;;
    'hub fault add --device') _iotctl_value='device' ;;
    'hub fault add --probability') _iotctl_value='none' ;;
    'hub fault add --for') _iotctl_value='none' ;;
    'hub fault add --delay') _iotctl_value='none' ;;
    'profile add --hub') _iotctl_value='none' ;;
    'profile add --credential') _iotctl_value='=default environment workload-identity cli device-code' ;;
    'profile add --tenant') _iotctl_value='none' ;;
    'profile add --client-id') _iotctl_value='none' ;;
    'profile add --event-hub-connection-string-file') _iotctl_value='file' ;;
    'profile add --storage-url-file') _iotctl_value='file' ;;
    'profile add --consumer-group') _iotctl_value='none' ;;
    'profile add --tier') _iotctl_value='=F1 B1 B2 B3 S1 S2 S3' ;;
    'profile add --units') _iotctl_value='none' ;;
    'profile add --service-url') _iotctl_value='none' ;;
    'profile add --device-url') _iotctl_value='none' ;;
    'profile add --amqp-url') _iotctl_value='none' ;;
    'profile add --amqp-websockets') _iotctl_value='=auto always never' ;;
    'profile add --ca-file') _iotctl_value='file' ;;
    'profile add --kind') _iotctl_value='=local cloud' ;;
    'agent --device') _iotctl_value='device' ;;
    'agent --interval') _iotctl_value='none' ;;
    'agent --metric') _iotctl_value='=cpu memory disk network temperature uptime' ;;
    'agent --allow') _iotctl_value='file' ;;
    'agent --outbox') _iotctl_value='directory' ;;
    'agent --firmware-dir') _iotctl_value='directory' ;;
    'agent --firmware-image') _iotctl_value='file' ;;
    'agent --firmware-version') _iotctl_value='none' ;;
    'agent --hardware') _iotctl_value='none' ;;
    'agent --firmware-trust') _iotctl_value='file' ;;
    'agent --firmware-activate') _iotctl_value='file' ;;
    'agent --firmware-rate') _iotctl_value='none' ;;
    'simulate --count') _iotctl_value='none' ;;
    'simulate --prefix') _iotctl_value='none' ;;
    'simulate --rate') _iotctl_value='none' ;;
    'simulate --speed') _iotctl_value='none' ;;
    'simulate --seed') _iotctl_value='none' ;;
    'simulate --for') _iotctl_value='none' ;;
    'simulate --trust') _iotctl_value='file' ;;
    'simulate --firmware-version') _iotctl_value='none' ;;
    'simulate --hardware') _iotctl_value='none' ;;
    'simulate --firmware-manifest') _iotctl_value='file' ;;
    'simulate --faults') _iotctl_value='none' ;;
    'simulate --download') _iotctl_value='=once each' ;;
    'provision *') _iotctl_value='none' ;;
    'tail telemetry *') _iotctl_value='device' ;;
    'tail events *') _iotctl_value='device' ;;
    'tail messages *') _iotctl_value='device' ;;
    'send-command *') _iotctl_value='device' ;;
    'send-message *') _iotctl_value='device' ;;
    'message list *') _iotctl_value='device' ;;
    'message peek *') _iotctl_value='device' ;;
    'message requeue *') _iotctl_value='device' ;;
    'message purge *') _iotctl_value='device' ;;
    'device list *') _iotctl_value='device' ;;
    'device show 1') _iotctl_value='device' ;;
    'device enable *') _iotctl_value='device' ;;
    'device disable *') _iotctl_value='device' ;;
    'device export *') _iotctl_value='device' ;;
    'device import 1') _iotctl_value='file' ;;
    'device delete *') _iotctl_value='device' ;;
    'device renew-key *') _iotctl_value='device' ;;
    'device register 1') _iotctl_value='none' ;;
    'device watch *') _iotctl_value='device' ;;
    'twin show 1') _iotctl_value='device' ;;
    'twin set *') _iotctl_value='device' ;;
    'twin edit 1') _iotctl_value='device' ;;
    'twin unset *') _iotctl_value='device' ;;
    'twin diff 1') _iotctl_value='device' ;;
    'twin diff 2') _iotctl_value='device' ;;
    'job run 1') _iotctl_value='=twin command' ;;
    'job run *') _iotctl_value='device' ;;
    'job show 1') _iotctl_value='none' ;;
    'job cancel 1') _iotctl_value='none' ;;
    'configuration apply *') _iotctl_value='file' ;;
    'configuration plan *') _iotctl_value='file' ;;
    'configuration show 1') _iotctl_value='none' ;;
    'configuration delete *') _iotctl_value='none' ;;
    'firmware keygen 1') _iotctl_value='none' ;;
    'firmware sign 1') _iotctl_value='file' ;;
    'firmware sign 2') _iotctl_value='none' ;;
    'firmware verify 1') _iotctl_value='file' ;;
    'firmware add 1') _iotctl_value='file' ;;
    'firmware show 1') _iotctl_value='none' ;;
    'rollout plan *') _iotctl_value='device' ;;
    'rollout rehearse 1') _iotctl_value='file' ;;
    'rollout create 1') _iotctl_value='file' ;;
    'rollout apply 1') _iotctl_value='file' ;;
    'rollout status 1') _iotctl_value='rollout' ;;
    'rollout watch 1') _iotctl_value='rollout' ;;
    'rollout show 1') _iotctl_value='rollout' ;;
    'rollout pause 1') _iotctl_value='rollout' ;;
    'rollout resume 1') _iotctl_value='rollout' ;;
    'rollout approve 1') _iotctl_value='rollout' ;;
    'rollout promote 1') _iotctl_value='rollout' ;;
    'rollout abort 1') _iotctl_value='rollout' ;;
    'rollout revert 1') _iotctl_value='rollout' ;;
    'rollout retry 1') _iotctl_value='rollout' ;;
    'rollout retry *') _iotctl_value='device' ;;
    'rollout why 1') _iotctl_value='rollout' ;;
    'rollout why 2') _iotctl_value='device' ;;
    'rollout audit 1') _iotctl_value='rollout' ;;
    'query 1') _iotctl_value='none' ;;
    'module list 1') _iotctl_value='device' ;;
    'module show 1') _iotctl_value='device' ;;
    'module create *') _iotctl_value='device' ;;
    'module delete *') _iotctl_value='device' ;;
    'certificate add 1') _iotctl_value='none' ;;
    'certificate add 2') _iotctl_value='file' ;;
    'certificate verify 1') _iotctl_value='none' ;;
    'certificate delete 1') _iotctl_value='none' ;;
    'certificate issue 1') _iotctl_value='none' ;;
    'sas create 1') _iotctl_value='device' ;;
    'sas decode 1') _iotctl_value='file' ;;
    'sas verify 1') _iotctl_value='file' ;;
    'enrollment apply 1') _iotctl_value='file' ;;
    'enrollment show 1') _iotctl_value='none' ;;
    'enrollment delete 1') _iotctl_value='none' ;;
    'enrollment explain 1') _iotctl_value='none' ;;
    'hub container 1') _iotctl_value='none' ;;
    'hub backup 1') _iotctl_value='file' ;;
    'hub restore 1') _iotctl_value='file' ;;
    'hub fault add 1') _iotctl_value='=drop delay disconnect refuse method-timeout' ;;
    'hub fault clear 1') _iotctl_value='none' ;;
    'profile add 1') _iotctl_value='none' ;;
    'profile use 1') _iotctl_value='profile' ;;
    'profile show 1') _iotctl_value='profile' ;;
    'profile remove 1') _iotctl_value='profile' ;;
    'simulate 1') _iotctl_value='=refrigerated-truck oil-pump elevator batch-reactor room' ;;
    'completion 1') _iotctl_value='=bash zsh fish' ;;
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
  read -ra words <<<"${COMP_LINE:0:COMP_POINT}"
  if [[ ${COMP_LINE:0:COMP_POINT} == *[[:space:]] ]]; then words+=(''); fi
  while ((${#words[@]} > 1)) && [[ ${words[0]} != "${COMP_WORDS[0]}" ]]; do words=("${words[@]:1}"); done
  for ((index = 1; index < ${#words[@]} - 1; index++)); do
    word=${words[index]}
    if [[ -n $flag ]]; then
      if [[ $flag == --profile ]]; then profile=$word; fi
      flag=''
      continue
    fi
    if [[ $word == --profile=* ]]; then profile=${word#*=}; fi
    if [[ $word == --*=* ]]; then continue; fi
    if [[ $word == -?* ]]; then
      if _iotctl_flag_kind "$command" "$word"; then flag=$word; fi
      continue
    fi
    if ((position == 0)); then
      _iotctl_next "$command"
      for candidate in "${_iotctl_reply[@]}"; do
        if [[ $candidate == "$word" ]]; then command="${command:+$command }$word"; continue 2; fi
      done
    fi
    position=$((position + 1))
  done

  value=${words[index]}
  if [[ $value == --*=* ]]; then
    flag=${value%%=*}
    value=${value#*=}
  fi
  kind=''
  if [[ -n $flag ]]; then
    _iotctl_flag_kind "$command" "$flag" && kind=$_iotctl_value
  elif [[ $value == -* ]]; then
    _iotctl_flags "$command"
    candidates=("${_iotctl_reply[@]}")
    if [[ -n $command ]]; then _iotctl_flags ''; candidates+=("${_iotctl_reply[@]}"); fi
  else
    _iotctl_next "$command"
    if ((position == 0 && ${#_iotctl_reply[@]} > 0)); then
      candidates=("${_iotctl_reply[@]}")
    elif _iotctl_kind "$command $((position + 1))" || _iotctl_kind "$command *"; then
      kind=$_iotctl_value
    fi
  fi

  case "$kind" in
    '' | none) ;;
    file) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$value"); return ;;
    directory) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- "$value"); return ;;
    =*) read -ra candidates <<<"${kind#=}" ;;
    *) mapfile -t candidates < <(command iotctl __complete "$kind" ${profile:+"--profile=$profile"} </dev/null 2>/dev/null) ;;
  esac

  # What stands before the last = or : is on the line already.
  prefix=''
  if [[ $value == *[=:]* ]]; then prefix=${value%"${value##*[=:]}"}; fi
  for candidate in "${candidates[@]}"; do
    [[ -n $candidate ]] || continue
    printf -v quoted '%q' "$candidate"
    if [[ $quoted == "$value"* || $candidate == "$value"* ]]; then COMPREPLY+=("${quoted#"$prefix"}"); fi
  done
}

complete -F _iotctl iotctl
