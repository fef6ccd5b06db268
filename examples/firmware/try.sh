#!/bin/sh
# The whole path of a firmware, on this machine and in a directory of its own: a key, a hub, a machine that runs version 1.0.0, a rollout
# of 2.0.0 that is confirmed, and one of 2.1.0 that fails its self-test, so that the machine goes back and the rollout is halted.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
: "${IOTCTL:=iotctl}"
work=$(mktemp -d)
agent= hub=
finish() {
  [ -z "$agent" ] || kill "$agent" 2> /dev/null || true
  [ ! -e "$work/machine/run/pid" ] || kill "$(cat "$work/machine/run/pid")" 2> /dev/null || true
  [ -z "$hub" ] || kill "$hub" 2> /dev/null || true
  wait
  rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM
cd "$work"
export IOTCTL_CONFIG_DIR="$work/config" IOTCTL_STATE_DIR="$work/state" IOTCTL_CACHE_DIR="$work/cache"

echo '== a hub, and a key to sign with'
$IOTCTL hub start --data "$work/hub" --mqtt-port 0 --mqtts-port 0 --amqp-port 0 --amqps-port 0 --http-port 0 --https-port 0 \
  --ready-file hub.json > hub.log 2>&1 &
hub=$!
tries=0
until [ -e hub.json ]; do
  tries=$((tries + 1))
  [ "$tries" -lt 300 ] || { cat hub.log; exit 1; }
  sleep 0.1
done
$IOTCTL firmware keygen release --quiet

echo '== a machine that runs pump 1.0.0'
cp "$here/pump.sh" pump-1.0.0
mkdir -m 700 machine machine/hooks
cp "$here/hooks/activate" "$here/hooks/self-test" machine/hooks/
chmod 700 machine/hooks/*
IOTCTL_FIRMWARE_DIR="$work/machine" IOTCTL_FIRMWARE_IMAGE="$here/pump.sh" machine/hooks/activate
$IOTCTL agent --device pump-1 --interval 1h --metric uptime --firmware-dir machine --firmware-image pump-1.0.0 \
  --firmware-version 1.0.0 --hardware pump-v2 --firmware-trust release.trust.json > agent.log 2>&1 &
agent=$!
tries=0
until grep -q 'firmware 1.0.0 runs' agent.log; do
  tries=$((tries + 1))
  [ "$tries" -lt 300 ] || { cat agent.log; exit 1; }
  sleep 0.1
done

# release VERSION PRESSURE: signs a firmware and brings it to the hub.
release() {
  sed -e "s/^VERSION=.*/VERSION=$1/" -e "s/^PRESSURE=.*/PRESSURE=$2/" "$here/pump.sh" > "pump-$1"
  $IOTCTL firmware sign "pump-$1" "pump@$1" --hardware pump-v2 --key release.key --quiet
  $IOTCTL firmware add "pump-$1.json" --file "pump-$1" --public-key release.pub --quiet
}

# rollout VERSION: brings it to the machine, and follows it to its end.
rollout() {
  $IOTCTL rollout create --firmware "pump@$1" --where "deviceId = 'pump-1'" --bake 1s --failure-limit 0 --yes --wait --timeout 2m
}

echo '== a rollout of 2.0.0'
release 2.0.0 4.4
rollout 2.0.0
cat machine/run/status

echo '== a rollout of 2.1.0, which has a fault'
release 2.1.0 0.0
code=0
rollout 2.1.0 || code=$?
echo "exit code $code"
tries=0
until grep -q 'version=2.0.0' machine/run/status 2> /dev/null; do
  tries=$((tries + 1))
  [ "$tries" -lt 100 ] || exit 1
  sleep 0.1
done
cat machine/run/status

echo '== what the machine said'
grep firmware agent.log
