'use strict';
// azure-iothub's Registry, all of its operations on identities: edge devices and children, modules,
// bulk, statistics, queries. Prints one JSON object with what each call gave.
//
//     IOTHUB_CONNECTION_STRING=... node registry_all.js

const { Registry } = require('azure-iothub');

const registry = Registry.fromConnectionString(process.env.IOTHUB_CONNECTION_STRING);

async function outcome(call) {
  try {
    const answer = await call();
    return answer && answer.responseBody !== undefined ? answer.responseBody : answer;
  } catch (error) {
    return { error: error.name, body: error.responseBody };
  }
}

/** Every page of a query, each as its rows. */
async function pages(text, size) {
  const query = registry.createQuery(text, size);
  const all = [];
  while (query.hasMoreResults && all.length < 20) {
    const { result } = await query.nextAsTwin();
    all.push(result.map(({ deviceId, moduleId }) => ({ deviceId, moduleId })));
  }
  return all;
}

async function identities(said) {
  said.edge = await outcome(
    () => registry.create({ deviceId: 'edge', capabilities: { iotEdge: true } }));
  said.child = await outcome(
    () => registry.create({ deviceId: 'leaf', deviceScope: said.edge.deviceScope }));
  said.thumbprint = await outcome(() => registry.create({
    deviceId: 'x509',
    authentication: { type: 'selfSigned', x509Thumbprint: { primaryThumbprint: 'A'.repeat(40) } },
  }));
  said.authority = await outcome(
    () => registry.create({ deviceId: 'ca', authentication: { type: 'certificateAuthority' } }));
  said.updated = await outcome(
    () => registry.update({ deviceId: 'leaf', status: 'disabled', statusReason: 'lost' }));
}

async function modules(said) {
  said.module = await outcome(() => registry.addModule({ deviceId: 'leaf', moduleId: 'm1' }));
  said.moduleAgain = await outcome(() => registry.addModule({ deviceId: 'leaf', moduleId: 'm1' }));
  said.moduleUpdated = await outcome(() => registry.updateModule(
    { ...said.module, managedBy: 'me' }));
  said.moduleStale = await outcome(() => registry.updateModule(said.module));
  said.moduleGot = await outcome(() => registry.getModule('leaf', 'm1'));
  said.modules = await outcome(() => registry.getModulesOnDevice('edge'));
  said.moduleRemoved = await outcome(() => registry.removeModule('leaf', 'm1'));
  said.moduleGone = await outcome(() => registry.getModule('leaf', 'm1'));
}

async function bulk(said) {
  const devices = ['b1', 'b2', 'b3'].map((deviceId) => ({ deviceId }));
  said.added = await outcome(() => registry.addDevices(devices));
  said.addedAgain = await outcome(() => registry.addDevices(devices));
  said.bulkUpdated = await outcome(() => registry.updateDevices(
    devices.map((device) => ({ ...device, status: 'disabled' })), true));
  said.bulkRemoved = await outcome(() => registry.removeDevices([{ deviceId: 'b1' }], true));
}

async function main() {
  const said = {};
  await identities(said);
  await modules(said);
  await bulk(said);
  said.statistics = await outcome(() => registry.getRegistryStatistics());
  said.pages = await pages('SELECT * FROM devices', 2);
  said.disabled = await pages("SELECT deviceId FROM devices WHERE status = 'disabled'", 100);
  // Rows that are no twins are read with next().
  said.count = (await registry.createQuery('SELECT COUNT() AS n FROM devices').next()).result;
  said.edgeModules = await pages(
    "SELECT * FROM devices.modules WHERE devices.deviceId = 'edge'", 100);
  said.syntax = await outcome(() => registry.createQuery('SELECT FROM').nextAsTwin());
  process.stdout.write(JSON.stringify(said) + '\n');
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exitCode = 1;
});
