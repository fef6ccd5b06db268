#!/bin/sh
# The firmware of this example: a program that says once a second which version runs, and how well.
VERSION=1.0.0
PRESSURE=4.2
while :; do
  echo "version=$VERSION pressure=$PRESSURE" > "$PUMP_STATUS.new" && mv "$PUMP_STATUS.new" "$PUMP_STATUS"
  sleep 1
done
