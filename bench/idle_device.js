'use strict';
// One device of azure-iot-device-mqtt that waits for messages, for sdk_footprint.py to measure. It
// ends when two have come.
//
//     IOTHUB_DEVICE_CONNECTION_STRING=... node idle_device.js KEEP_ALIVE_SECONDS

const { Client } = require('azure-iot-device');
const { Mqtt } = require('azure-iot-device-mqtt');

async function main() {
  const client = Client.fromConnectionString(process.env.IOTHUB_DEVICE_CONNECTION_STRING, Mqtt);
  await client.setOptions({ keepalive: Number(process.argv[2]) });
  let received = 0;
  client.on('message', async (message) => {
    received += 1;
    console.log(`received ${message.getData()}`);
    await client.complete(message);
    if (received === 2) await client.close();
  });
  await client.open();
}

main();
