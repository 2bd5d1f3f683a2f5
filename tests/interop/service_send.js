'use strict';
// azure-iothub as the back end: sends one message over AMQP, or several of the same text, and
// prints one JSON line for each: what was sent, or the SDK's name for what went wrong.
//
//     IOTHUB_CONNECTION_STRING=... [TRANSPORT=ws] node service_send.js DEVICE [COUNT [BODY_BYTES]]

const { Amqp, AmqpWs, Client } = require('azure-iothub');
const { Message } = require('azure-iot-common');

const [device, count = '1', bodyBytes = '0'] = process.argv.slice(2);
const transport = process.env.TRANSPORT === 'ws' ? AmqpWs : Amqp;
const say = (what) => process.stdout.write(JSON.stringify(what) + '\n');

function failure(error) {
  const cause = error.amqpError || {};
  return { error: error.name, cause: cause.name, condition: cause.condition };
}

function build(index) {
  const size = Number(bodyBytes);
  const message = new Message(size > 0 ? Buffer.alloc(size, 'x') : '{"c2d test message"}');
  message.messageId = index === 1 ? 'message1' : `message${index}`;
  message.properties.add('prop1', 'test property-2');
  message.properties.add('testProperty', 'Test message');
  return message;
}

async function main() {
  const client = Client.fromConnectionString(process.env.IOTHUB_CONNECTION_STRING, transport);
  try {
    await client.open();
  } catch (error) {
    say(failure(error));
    return;
  }
  for (let index = 1; index <= Number(count); index += 1) {
    const message = build(index);
    try {
      await client.send(device, message);
      say({ sent: message.messageId });
    } catch (error) {
      say(failure(error));
    }
  }
  await client.close();
}

main().catch((error) => {
  say(failure(error));
  process.exitCode = 1;
});
