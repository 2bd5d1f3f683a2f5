'use strict';
// azure-iothub as any number of back ends; told what to do on its standard input (driver.js).
//
//     open     client, transport (amqp|amqp-ws), connection
//     send     client, device, message, [count]: answers how many were sent; with a count the
//              messages are numbered behind their id, m-1, m-2, ...
//     feedback client [, abandonFirst]: completes each batch, but for the first, where asked;
//              events: feedback
//     close    client

const { Client, Amqp, AmqpWs } = require('azure-iothub');
const { say, serve, toMessage, fromMessage } = require('./driver');

const transports = { amqp: Amqp, 'amqp-ws': AmqpWs };
const clients = new Map();

async function open({ client, transport, connection }) {
  const service = Client.fromConnectionString(connection, transports[transport]);
  await service.open();
  clients.set(client, { service, batches: 0 });
}

async function send({ client, device, message, count }) {
  const { service } = clients.get(client);
  if (count === undefined) {
    await service.send(device, toMessage(message));
    return { sent: 1 };
  }
  for (let index = 1; index <= count; index += 1) {
    const messageId = `${message.messageId}-${index}`;
    await service.send(device, toMessage({ ...message, messageId }));
  }
  return { sent: count };
}

async function feedback({ client, abandonFirst = false }) {
  const state = clients.get(client);
  const { result: receiver } = await state.service.getFeedbackReceiver();
  receiver.on('message', (message) => {
    state.batches += 1;
    // Settled before the handler returns: the SDK accepts on its own what is not.
    const how = abandonFirst && state.batches === 1 ? 'abandon' : 'complete';
    receiver[how](message);
    const shown = fromMessage(message);
    const records = JSON.parse(Buffer.from(shown.body, 'base64').toString());
    say({ event: 'feedback', client, batch: state.batches, how, records,
      contentType: shown.contentType });
  });
}

async function close({ client }) {
  const state = clients.get(client);
  clients.delete(client);
  await state.service.close();
}

serve({ open, send, feedback, close });
