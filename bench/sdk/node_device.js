'use strict';
// The same device on azure-iot-device-mqtt, for sdk_speed.py.
//
//     IOTHUB_DEVICE_CONNECTION_STRING=... node node_device.js COUNT

const fs = require('fs');
const { Client } = require('azure-iot-device');
const { Mqtt } = require('azure-iot-device-mqtt');

const MICROSECONDS = 1e6;
const NANOSECONDS = 1e9;

function now() {
  const { user, system } = process.cpuUsage();
  return { time: process.hrtime.bigint(), cpu: (user + system) / MICROSECONDS };
}

// Not resourceUsage()'s: that one remembers the process as it was before exec().
function peakRssKib() {
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(fs.readFileSync('/proc/self/status', 'utf8'))[1]);
}

function report(wanted, first, last) {
  const seconds = Number(last.time - first.time) / NANOSECONDS;
  console.log(JSON.stringify({
    messages: wanted,
    seconds,
    messages_per_second: (wanted - 1) / seconds,
    cpu_seconds: last.cpu - first.cpu,
    peak_rss_kib: peakRssKib(),
  }));
}

async function main() {
  const wanted = Number(process.argv[2]);
  const client = Client.fromConnectionString(process.env.IOTHUB_DEVICE_CONNECTION_STRING, Mqtt);
  let received = 0;
  let first;
  client.on('message', async (message) => {
    received += 1;
    const number = received;
    if (number === 1) first = now();
    await client.complete(message);
    if (number !== wanted) return;
    const last = now();
    await client.close();
    report(wanted, first, last);
  });
  await client.open();
  console.log('subscribed');
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
