'use strict';
// azure-iot-device with every kind of credential it takes, over any of its transports; told what to
// do on its standard input (driver.js).
//
//     use    client, transport (mqtt|mqtt-ws|amqp|amqp-ws|http), identity (device|module),
//            connection or sas [, cert, key]
//            opens and sends one telemetry message: over HTTPS, opening alone asks the hub nothing
//     listen client: completes what comes                                   events: message
//     close  client

const { Client, ModuleClient } = require('azure-iot-device');
const { Amqp, AmqpWs } = require('azure-iot-device-amqp');
const { Http } = require('azure-iot-device-http');
const { Mqtt, MqttWs } = require('azure-iot-device-mqtt');
const { Message } = require('azure-iot-common');
const { say, serve, fromMessage } = require('./driver');

const transports = { mqtt: Mqtt, 'mqtt-ws': MqttWs, amqp: Amqp, 'amqp-ws': AmqpWs, http: Http };
const identities = { device: Client, module: ModuleClient };
const POLL_SECONDS = 0.2; // the SDK's own default is one second
const clients = new Map();

async function use({ client, transport, identity, connection, sas, cert, key }) {
  const made = connection !== undefined
    ? identities[identity].fromConnectionString(connection, transports[transport])
    : identities[identity].fromSharedAccessSignature(sas, transports[transport]);
  made.on('error', (error) => say({ event: 'error', client, error: error.name,
    message: error.message }));
  if (cert !== undefined) {
    // Over HTTPS the SDK takes them at once and never says so.
    const taken = made.setOptions({ cert, key });
    if (transport !== 'http') await taken;
  }
  if (transport === 'http') {
    await made.setTransportOptions({ interval: POLL_SECONDS, drain: true });
  }
  await made.open();
  try {
    await made.sendEvent(new Message('21.5'));
  } catch (error) {
    await made.close().catch(() => {});
    throw error;
  }
  clients.set(client, made);
}

async function listen({ client }) {
  const device = clients.get(client);
  device.on('message', (message) => {
    device.complete(message).then(
      () => say({ event: 'message', client, ...fromMessage(message) }),
      (error) => say({ event: 'error', client, error: error.name, message: error.message }));
  });
}

async function close({ client }) {
  const made = clients.get(client);
  clients.delete(client);
  await made.close();
}

serve({ use, listen, close });
