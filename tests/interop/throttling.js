'use strict';
// azure-iothub against a hub with a tier: each operation again and again until it is refused.
// Prints one JSON object: for each operation how many were done, and the error's class and text.
//
//     IOTHUB_CONNECTION_STRING=... node throttling.js DEVICE

const { Client, Registry } = require('azure-iothub');
const { Message, NoRetry } = require('azure-iot-common');

const TRIES_MAX = 5000;

async function untilRefused(call) {
  for (let done = 0; done < TRIES_MAX; done += 1) {
    try {
      await call();
    } catch (error) {
      return { done, error: error.name, message: error.message };
    }
  }
  return { done: TRIES_MAX };
}

async function main() {
  const [device] = process.argv.slice(2);
  const connection = process.env.IOTHUB_CONNECTION_STRING;
  const registry = Registry.fromConnectionString(connection);
  const client = Client.fromConnectionString(connection);
  client.setRetryPolicy(new NoRetry()); // by default it waits and tries for minutes
  await client.open();
  const said = {
    query: await untilRefused(() => registry.createQuery('SELECT * FROM devices').next()),
    send: await untilRefused(() => client.send(device, new Message('x'))),
    registry: await untilRefused(() => registry.get(device)),
  };
  await client.close();
  process.stdout.write(JSON.stringify(said) + '\n');
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exitCode = 1;
});
