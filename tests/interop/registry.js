'use strict';
// azure-iothub's Registry over HTTPS: creates, reads, lists and deletes a device, and meets the
// errors on the way. Prints one JSON object with what each call gave.
//
//     IOTHUB_CONNECTION_STRING=... node registry.js DEVICE

const { Registry } = require('azure-iothub');

const device = process.argv[2];

async function outcome(call) {
  try {
    return (await call()).responseBody;
  } catch (error) {
    return { error: error.name };
  }
}

async function main() {
  const registry = Registry.fromConnectionString(process.env.IOTHUB_CONNECTION_STRING);
  const said = {};
  said.created = await outcome(() => registry.create({ deviceId: device }));
  said.createdAgain = await outcome(() => registry.create({ deviceId: device }));
  said.got = await outcome(() => registry.get(device));
  said.listed = await outcome(() => registry.list());
  said.deleted = await outcome(() => registry.delete(device));
  said.deletedAgain = await outcome(() => registry.delete(device));
  said.gotAfterwards = await outcome(() => registry.get(device));
  process.stdout.write(JSON.stringify(said) + '\n');
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exitCode = 1;
});
