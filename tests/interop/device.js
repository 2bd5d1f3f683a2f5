'use strict';
// azure-iot-device as any number of devices, over any of its transports; told what to do on its
// standard input (driver.js).
//
//     open   client, transport (mqtt|mqtt-ws|amqp|amqp-ws|http), connection
//            [, once] [, then (hold|complete|abandon|reject|crash)]            events: message
//     settle client, message (its number), how (complete|abandon|reject)
//     close  client

const { Client } = require('azure-iot-device');
const { Amqp, AmqpWs } = require('azure-iot-device-amqp');
const { Http } = require('azure-iot-device-http');
const { Mqtt, MqttWs } = require('azure-iot-device-mqtt');
const { say, serve, fromMessage } = require('./driver');

const transports = { mqtt: Mqtt, 'mqtt-ws': MqttWs, amqp: Amqp, 'amqp-ws': AmqpWs, http: Http };
const POLL_SECONDS = 0.2; // the SDK's own default is one second
const clients = new Map();

async function open({ client, transport, connection, once = false, then = 'hold' }) {
  const device = Client.fromConnectionString(connection, transports[transport]);
  const state = {
    client, device, messages: new Map(), received: 0, said: Promise.resolve(),
  };
  clients.set(client, state);
  device.on('error', (error) => say({ event: 'error', client, error: error.name,
    message: error.message }));
  if (transport === 'http') {
    // Once, all that waits is fetched one by one. A second round of polls beside the first may
    // overtake it, and order is lost.
    const when = once ? { at: new Date() } : { interval: POLL_SECONDS };
    await device.setTransportOptions({ ...when, drain: true });
  }
  // Before open(): a stored MQTT session's messages come right behind the CONNACK, and the SDK
  // acknowledges them whether somebody listens or not.
  device.on('message', (message) => receive(state, message, then));
  await device.open();
}

function receive(state, message, then) {
  state.received += 1;
  const number = state.received;
  const event = { event: 'message', client: state.client, number, ...fromMessage(message) };
  if (then === 'crash') {
    // No farewell of any kind: MQTT's acknowledgement would follow this handler's return.
    say(event);
    process.kill(process.pid, 'SIGKILL');
  } else if (then === 'hold') {
    state.messages.set(number, message);
    say(event);
  } else {
    // Said once settled, so that who waits for the event may count on it; in the order of arrival,
    // although HTTPS may answer settlements in another one.
    const settled = state.device[then](message);
    state.said = state.said.then(() => settled).then(() => say(event), (error) => say({
      event: 'error', client: state.client, number, error: error.name, message: error.message }));
  }
}

async function settle({ client, message, how }) {
  const state = clients.get(client);
  await state.device[how](state.messages.get(message));
  state.messages.delete(message);
}

async function close({ client }) {
  const state = clients.get(client);
  clients.delete(client);
  await state.device.close();
}

serve({ open, settle, close });
