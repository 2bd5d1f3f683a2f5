'use strict';
// azure-iot-device over AMQP: everything a device may do before it cares for its messages. Sends
// telemetry, listens for method calls, asks for its twin, and only then receives one message and
// completes it. Prints a JSON line for each.
//
//     IOTHUB_DEVICE_CONNECTION_STRING=... node device_features.js

const { Client } = require('azure-iot-device');
const { Amqp } = require('azure-iot-device-amqp');
const { Message } = require('azure-iot-common');

const say = (what) => process.stdout.write(JSON.stringify(what) + '\n');

async function main() {
  const client = Client.fromConnectionString(process.env.IOTHUB_DEVICE_CONNECTION_STRING, Amqp);
  await client.open();
  for (let index = 0; index < 200; index += 1) await client.sendEvent(new Message('21.5'));
  say({ telemetry: 200 });
  client.onDeviceMethod('reboot', () => say({ method: 'called' }));
  try {
    await client.getTwin();
    say({ twin: 'got' });
  } catch (error) {
    say({ twin: error.name });
  }
  await new Promise((resolve, reject) => {
    client.on('error', reject);
    client.on('message', (message) => {
      say({ data: message.getData().toString() });
      client.complete(message).then(resolve, reject);
    });
  });
  await client.close();
}

main().catch((error) => {
  say({ error: error.name, message: error.message });
  process.exitCode = 1;
});
