'use strict';
// azure-iot-device over MQTT as the device: prints each message as a JSON line, completes it, and
// ends after COUNT of them.
//
//     IOTHUB_DEVICE_CONNECTION_STRING=... [TRANSPORT=ws] node device_receive.js [COUNT]

const { Client } = require('azure-iot-device');
const { Mqtt, MqttWs } = require('azure-iot-device-mqtt');

const transport = process.env.TRANSPORT === 'ws' ? MqttWs : Mqtt;
const wanted = Number(process.argv[2] || '1');
const say = (what) => process.stdout.write(JSON.stringify(what) + '\n');

async function main() {
  const client =
    Client.fromConnectionString(process.env.IOTHUB_DEVICE_CONNECTION_STRING, transport);
  await client.open();
  say({ connected: true });
  await new Promise((resolve, reject) => {
    let received = 0;
    client.on('error', reject);
    client.on('message', (message) => {
      say({
        data: message.getData().toString(),
        messageId: message.messageId,
        correlationId: message.correlationId,
        to: message.to,
        expiryTimeUtc: message.expiryTimeUtc,
        contentType: message.contentType,
        contentEncoding: message.contentEncoding,
        properties: Object.fromEntries(
          message.properties.propertyList.map(({ key, value }) => [key, value])),
      });
      received += 1;
      client.complete(message).then(() => received === wanted && resolve(), reject);
    });
  });
  await client.close();
}

main().catch((error) => {
  say({ error: error.name, message: error.message });
  process.exitCode = 1;
});
