'use strict';
// What device.js and service.js share: commands in, one JSON object a line, answers and events out.
// See tests/support/driver.py, the other end.

const fs = require('fs');
const readline = require('readline');
const { Message } = require('azure-iot-common');

// Synchronous, so that a line is out even when the process dies right behind it.
function say(what) {
  let rest = Buffer.from(JSON.stringify(what) + '\n');
  while (rest.length > 0) {
    try {
      rest = rest.subarray(fs.writeSync(1, rest));
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error;
    }
  }
}

function failure(error) {
  const cause = error.amqpError || error.innerError || {};
  return {
    error: error.name,
    message: error.message,
    condition: cause.condition,
    description: cause.description,
    status: error.response && error.response.statusCode,
    body: error.responseBody,
  };
}

// Runs `commands[do](question)` for each line. They start in order; a slow one does not hold up the
// next.
function serve(commands) {
  const lines = readline.createInterface({ input: process.stdin });
  lines.on('line', (line) => {
    const question = JSON.parse(line);
    Promise.resolve()
      .then(() => commands[question.do](question))
      .then((answer) => say({ id: question.id, ...answer }))
      .catch((error) => say({ id: question.id, ...failure(error) }));
  });
  lines.on('close', () => process.exit(0));
}

// The SDK's Message from {body: base64, messageId, ..., properties: [[name, value], ...]}.
function toMessage(fields) {
  const { body, properties = [], ...system } = fields;
  const message = new Message(Buffer.from(body || '', 'base64'));
  Object.assign(message, system);
  properties.forEach(([name, value]) => message.properties.add(name, value));
  return message;
}

// The other way, with what the SDK shows and nothing else.
function fromMessage(message) {
  const shown = {};
  for (const name of ['messageId', 'correlationId', 'userId', 'to', 'expiryTimeUtc', 'contentType',
    'contentEncoding', 'ack', 'lockToken']) {
    const value = message[name];
    if (value !== undefined && value !== '') shown[name] = value;
  }
  const annotations = message.transportObj && message.transportObj.message_annotations;
  const data = message.getData();
  return {
    ...shown,
    properties: message.properties.propertyList.map(({ key, value }) => [key, value]),
    body: (data === undefined ? Buffer.alloc(0) : message.getBytes()).toString('base64'),
    deliveryCount: annotations && annotations['iothub-deliverycount'],
    sequenceNumber: annotations && annotations['x-opt-sequence-number'],
  };
}

module.exports = { say, serve, toMessage, fromMessage };
