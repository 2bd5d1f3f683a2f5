'use strict';
// azure-iothub's Registry: one cell for each operation and each of its outcomes, on identities of
// its own. Prints one JSON object a cell: {cell, problem?}.
//
//     IOTHUB_CONNECTION_STRING=... node registry_cells.js connection-string|signature

const assert = require('assert');
const { ConnectionString, Registry, SharedAccessSignature } = require('azure-iothub');

const login = process.env.IOTHUB_CONNECTION_STRING;
const HOUR = 3600;

/** A token of this policy, as a back end without the key would have been given it. */
function signature() {
  const { HostName, SharedAccessKeyName, SharedAccessKey } = ConnectionString.parse(login);
  const expiry = Math.floor(Date.now() / 1000) + HOUR;
  return SharedAccessSignature.create(
    HostName, SharedAccessKeyName, SharedAccessKey, expiry).toString();
}

const registry = process.argv[2] === 'signature'
  ? Registry.fromSharedAccessSignature(signature()) : Registry.fromConnectionString(login);

const body = async (call) => (await call).responseBody;
const refused = async (call, name, code) => {
  const error = await call.then(() => assert.fail('not refused'), (problem) => problem);
  assert.strictEqual(error.name, name, error.stack);
  if (code) assert.ok(error.responseBody.includes(code), error.responseBody);
};
const KEYS = { primaryKey: 'MTIzNDU2Nzg5MDEyMzQ1Ng==', secondaryKey: 'MTIzNDU2Nzg5MDEyMzQ1Nw==' };
const thumbprint = (letter) => ({ primaryThumbprint: letter.repeat(40) });

/** Every page of a query, each as its rows. */
async function pages(text, size, next = (query) => query.nextAsTwin()) {
  const query = registry.createQuery(text, size);
  const all = [];
  while (query.hasMoreResults) {
    assert.ok(all.length < 20, 'pages without end');
    all.push((await next(query)).result);
  }
  return all;
}

const cells = {
  create_makes_keys: async (id) => {
    const made = await body(registry.create({ deviceId: id }));
    assert.strictEqual(made.status, 'enabled');
    assert.notStrictEqual(made.authentication.symmetricKey.primaryKey,
      made.authentication.symmetricKey.secondaryKey);
  },
  create_keeps_keys: async (id) => {
    const made = await body(registry.create(
      { deviceId: id, authentication: { type: 'sas', symmetricKey: KEYS } }));
    assert.deepStrictEqual(made.authentication.symmetricKey, KEYS);
  },
  create_with_keys_and_no_type: async (id) => {
    const made = await body(registry.create(
      { deviceId: id, authentication: { symmetricKey: KEYS } }));
    assert.strictEqual(made.authentication.type, 'sas');
  },
  create_with_one_key: async (id) => refused(registry.create({ deviceId: id, authentication:
    { type: 'sas', symmetricKey: { primaryKey: KEYS.primaryKey } } }),
  'ArgumentError', 'Either no keys or both keys can be set'),
  create_with_a_short_key: async (id) => refused(registry.create({ deviceId: id, authentication:
    { type: 'sas', symmetricKey: { primaryKey: 'AAAA', secondaryKey: 'AAAA' } } }),
  'ArgumentError', 'Invalid device key length'),
  create_with_thumbprints: async (id) => {
    const made = await body(registry.create(
      { deviceId: id, authentication: { x509Thumbprint: thumbprint('A') } }));
    assert.strictEqual(made.authentication.type, 'selfSigned');
    assert.strictEqual(made.authentication.symmetricKey.primaryKey, null);
  },
  create_with_a_separated_thumbprint: async (id) => refused(registry.create({ deviceId: id,
    authentication: { type: 'selfSigned', x509Thumbprint: { primaryThumbprint: 'A:B' } } }),
  'ArgumentError', 'StringIsNotThumbprint'),
  create_with_an_authority: async (id) => {
    const made = await body(registry.create(
      { deviceId: id, authentication: { type: 'certificateAuthority' } }));
    assert.strictEqual(made.authentication.symmetricKey.secondaryKey, null);
  },
  create_disabled: async (id) => {
    const made = await body(registry.create(
      { deviceId: id, status: 'disabled', statusReason: 'später' }));
    assert.strictEqual(made.statusReason, 'später');
  },
  create_edge: async (id) => {
    const made = await body(registry.create({ deviceId: id, capabilities: { iotEdge: true } }));
    assert.strictEqual(made.deviceScope, `ms-azure-iot-edge://${id}-${made.generationId}`);
  },
  create_child: async (id) => {
    const parent = await body(registry.create({ deviceId: id, capabilities: { iotEdge: true } }));
    const child = await body(registry.create(
      { deviceId: `${id}-child`, deviceScope: parent.deviceScope }));
    assert.deepStrictEqual(child.parentScopes, [parent.deviceScope]);
  },
  create_in_a_scope_of_nobody: async (id) => refused(
    registry.create({ deviceId: id, deviceScope: 'ms-azure-iot-edge://nobody-1' }),
    'ArgumentError', 'InvalidDeviceScope'),
  create_twice: async (id) => {
    await registry.create({ deviceId: id });
    await refused(registry.create({ deviceId: id }), 'DeviceAlreadyExistsError',
      'DeviceAlreadyExists');
  },
  create_with_every_character: async (id) => {
    const odd = `${id}-:.+%_#*?!(),=@;$'`;
    await registry.create({ deviceId: odd });
    assert.strictEqual((await body(registry.get(odd))).deviceId, odd);
    await registry.delete(odd);
  },
  create_with_a_space: async (id) => refused(registry.create({ deviceId: `${id} x` }),
    'ArgumentError'),
  get: async (id) => {
    const made = await body(registry.create({ deviceId: id }));
    assert.deepStrictEqual(JSON.parse(JSON.stringify(await body(registry.get(id)))),
      JSON.parse(JSON.stringify(made)));
  },
  get_of_nobody: async (id) => refused(registry.get(id), 'DeviceNotFoundError'),
  update_replaces: async (id) => {
    const made = await body(registry.create({ deviceId: id, statusReason: 'why' }));
    const changed = await body(registry.update({ deviceId: id, status: 'disabled' }));
    assert.strictEqual(changed.statusReason, null);
    assert.strictEqual(changed.generationId, made.generationId);
    assert.notStrictEqual(changed.etag, made.etag);
    assert.notStrictEqual(changed.authentication.symmetricKey.primaryKey,
      made.authentication.symmetricKey.primaryKey);
  },
  update_keeps_what_it_carries: async (id) => {
    const made = await body(registry.create({ deviceId: id }));
    const changed = await body(registry.update({ ...made, status: 'disabled' }));
    assert.deepStrictEqual(changed.authentication, made.authentication);
    assert.notStrictEqual(changed.statusUpdatedTime, '0001-01-01T00:00:00');
  },
  update_to_another_authentication: async (id) => {
    await registry.create({ deviceId: id });
    const changed = await body(registry.update(
      { deviceId: id, authentication: { type: 'certificateAuthority' } }));
    assert.strictEqual(changed.authentication.symmetricKey.primaryKey, null);
  },
  update_to_edge: async (id) => {
    await registry.create({ deviceId: id });
    await registry.update({ deviceId: id, capabilities: { iotEdge: true }, deviceScope: '' });
    assert.strictEqual((await body(registry.getModulesOnDevice(id))).length, 2);
  },
  update_of_nobody: async (id) => refused(registry.update({ deviceId: id }),
    'DeviceNotFoundError'),
  list: async (id) => {
    await registry.create({ deviceId: id });
    const found = (await body(registry.list())).find((device) => device.deviceId === id);
    assert.ok(found.authentication.symmetricKey.primaryKey);
  },
  delete: async (id) => {
    const made = await body(registry.create({ deviceId: id }));
    await registry.delete(id);
    await refused(registry.get(id), 'DeviceNotFoundError');
    const again = await body(registry.create({ deviceId: id }));
    assert.notStrictEqual(again.generationId, made.generationId);
  },
  delete_of_nobody: async (id) => refused(registry.delete(id), 'DeviceNotFoundError'),

  add_module: async (id) => {
    await registry.create({ deviceId: id });
    const module = await body(registry.addModule({ deviceId: id, moduleId: 'm' }));
    assert.ok(module.authentication.symmetricKey.primaryKey);
    assert.strictEqual(module.managedBy, null);
  },
  add_module_with_thumbprints: async (id) => {
    await registry.create({ deviceId: id });
    const module = await body(registry.addModule({ deviceId: id, moduleId: 'm',
      authentication: { type: 'selfSigned', x509Thumbprint: thumbprint('B') } }));
    assert.strictEqual(module.authentication.type, 'selfSigned');
  },
  add_module_twice: async (id) => {
    await registry.create({ deviceId: id });
    await registry.addModule({ deviceId: id, moduleId: 'm' });
    await refused(registry.addModule({ deviceId: id, moduleId: 'm' }),
      'DeviceAlreadyExistsError', '409301');
  },
  add_module_to_nobody: async (id) => refused(registry.addModule({ deviceId: id, moduleId: 'm' }),
    'DeviceNotFoundError'),
  add_system_module: async (id) => {
    await registry.create({ deviceId: id });
    await refused(registry.addModule({ deviceId: id, moduleId: '$m' }), 'ArgumentError');
  },
  get_module: async (id) => {
    await registry.create({ deviceId: id });
    const module = await body(registry.addModule({ deviceId: id, moduleId: 'm' }));
    assert.strictEqual((await body(registry.getModule(id, 'm'))).etag, module.etag);
  },
  get_module_of_nobody: async (id) => refused(registry.getModule(id, 'm'),
    'DeviceNotFoundError'),
  get_no_module: async (id) => {
    await registry.create({ deviceId: id });
    await refused(registry.getModule(id, 'm'), 'Error', 'ModuleNotFound');
  },
  get_modules_on_device: async (id) => {
    await registry.create({ deviceId: id });
    for (const name of ['b', 'a']) await registry.addModule({ deviceId: id, moduleId: name });
    assert.deepStrictEqual(
      (await body(registry.getModulesOnDevice(id))).map(({ moduleId }) => moduleId), ['a', 'b']);
  },
  update_module_by_tag: async (id) => {
    await registry.create({ deviceId: id });
    const module = await body(registry.addModule({ deviceId: id, moduleId: 'm' }));
    const changed = await body(registry.updateModule({ ...module, managedBy: 'me' }));
    assert.strictEqual(changed.managedBy, 'me');
    assert.deepStrictEqual(changed.authentication, module.authentication);
    await refused(registry.updateModule(module), 'InvalidEtagError', 'PreconditionFailed');
  },
  update_module_by_force: async (id) => {
    await registry.create({ deviceId: id });
    await registry.addModule({ deviceId: id, moduleId: 'm', managedBy: 'me' });
    const changed = await body(registry.updateModule({ deviceId: id, moduleId: 'm' }, true));
    assert.strictEqual(changed.managedBy, null);
  },
  remove_module_by_tag: async (id) => {
    await registry.create({ deviceId: id });
    const module = await body(registry.addModule({ deviceId: id, moduleId: 'm' }));
    const stale = { ...module };
    await registry.updateModule(module);
    // With a module instead of ids, this SDK has no promise.
    const remove = (which) => new Promise((resolve, reject) => {
      registry.removeModule(which, (error) => (error ? reject(error) : resolve()));
    });
    await refused(remove(stale), 'InvalidEtagError', 'PreconditionFailed');
    await remove(await body(registry.getModule(id, 'm')));
    await refused(registry.getModule(id, 'm'), 'Error', 'ModuleNotFound');
  },
  remove_module_by_ids: async (id) => {
    await registry.create({ deviceId: id });
    await registry.addModule({ deviceId: id, moduleId: 'm' });
    await registry.removeModule(id, 'm');
    assert.deepStrictEqual(await body(registry.getModulesOnDevice(id)), []);
  },

  add_devices: async (id) => {
    const result = await body(registry.addDevices(
      [{ deviceId: id }, { deviceId: `${id}2`, status: 'disabled' }]));
    assert.deepStrictEqual(result, { isSuccessful: true, errors: [], warnings: [] });
    assert.strictEqual((await body(registry.get(`${id}2`))).status, 'disabled');
  },
  add_devices_some_of_which_are_there: async (id) => {
    await registry.create({ deviceId: id });
    await refused(registry.addDevices([{ deviceId: id }, { deviceId: `${id}2` }]),
      'ArgumentError', '"errorCode":"DeviceAlreadyExists"');
    await registry.get(`${id}2`);
  },
  add_a_device_twice: async (id) => refused(
    registry.addDevices([{ deviceId: id }, { deviceId: id }]),
    'ArgumentError', 'DeviceDefinedMultipleTimes'),
  add_100_devices: async (id) => {
    const devices = Array.from({ length: 100 }, (_, i) => ({ deviceId: `${id}-${i}` }));
    assert.strictEqual((await body(registry.addDevices(devices))).isSuccessful, true);
    assert.strictEqual((await body(registry.removeDevices(devices, true))).isSuccessful, true);
  },
  update_devices_by_force: async (id) => {
    await registry.create({ deviceId: id });
    await registry.updateDevices([{ deviceId: id, status: 'disabled' }], true);
    assert.strictEqual((await body(registry.get(id))).status, 'disabled');
  },
  update_devices_by_tag: async (id) => {
    const made = await body(registry.create({ deviceId: id }));
    await registry.updateDevices([{ ...made, status: 'disabled' }], false);
    await refused(registry.updateDevices([{ ...made, status: 'enabled' }], false),
      'ArgumentError', 'PreconditionFailed');
    assert.strictEqual((await body(registry.get(id))).status, 'disabled');
  },
  remove_devices_by_tag: async (id) => {
    const made = await body(registry.create({ deviceId: id }));
    await refused(registry.removeDevices([{ deviceId: id, etag: 'MA==' }], false),
      'ArgumentError', 'PreconditionFailed');
    await registry.removeDevices([made], false);
    await refused(registry.get(id), 'DeviceNotFoundError');
  },
  remove_devices_by_force: async (id) => {
    await registry.create({ deviceId: id });
    await refused(registry.removeDevices([{ deviceId: id }, { deviceId: `${id}2` }], true),
      'ArgumentError', 'DeviceNotFound');
    await refused(registry.get(id), 'DeviceNotFoundError');
  },

  registry_statistics: async (id) => {
    const before = await body(registry.getRegistryStatistics());
    await registry.create({ deviceId: id, status: 'disabled' });
    assert.deepStrictEqual(await body(registry.getRegistryStatistics()), {
      totalDeviceCount: before.totalDeviceCount + 1,
      enabledDeviceCount: before.enabledDeviceCount,
      disabledDeviceCount: before.disabledDeviceCount + 1,
    });
  },
  query_twins_by_page: async (id) => {
    await registry.addDevices(['a', 'b', 'c'].map((name) => ({ deviceId: `${id}-${name}` })));
    const found = await pages(`SELECT * FROM devices WHERE STARTSWITH(deviceId, '${id}-')`, 2);
    assert.deepStrictEqual(found.map((page) => page.map((twin) => twin.deviceId)),
      [[`${id}-a`, `${id}-b`], [`${id}-c`]]);
    assert.strictEqual(found[0][0].constructor.name, 'Twin');
  },
  query_goes_on_from_a_token: async (id) => {
    await registry.addDevices(['a', 'b', 'c'].map((name) => ({ deviceId: `${id}-${name}` })));
    const text = `SELECT * FROM devices WHERE STARTSWITH(deviceId, '${id}-')`;
    const first = registry.createQuery(text, 2);
    await first.nextAsTwin();
    const { result } = await registry.createQuery(text, 2).nextAsTwin(first.continuationToken);
    assert.deepStrictEqual(result.map((twin) => twin.deviceId), [`${id}-c`]);
  },
  query_fields: async (id) => {
    await registry.create({ deviceId: id, status: 'disabled' });
    const [rows] = await pages(
      `SELECT deviceId as DeviceId, status as Status FROM devices WHERE deviceId = '${id}'`, 100,
      (query) => query.next());
    assert.deepStrictEqual(rows, [{ DeviceId: id, Status: 'disabled' }]);
  },
  query_counts: async (id) => {
    await registry.create({ deviceId: id });
    const [rows] = await pages(
      `SELECT COUNT() AS n FROM devices WHERE deviceId = '${id}'`, 100, (query) => query.next());
    assert.deepStrictEqual(rows, [{ n: 1 }]);
  },
  query_edge_devices: async (id) => {
    await registry.create({ deviceId: id, capabilities: { iotEdge: true } });
    const all = await pages('select * from devices where capabilities.iotEdge = true', 100);
    assert.ok(all.flat().some((twin) => twin.deviceId === id));
  },
  query_children: async (id) => {
    const { deviceScope } = await body(
      registry.create({ deviceId: id, capabilities: { iotEdge: true } }));
    await registry.create({ deviceId: `${id}-child`, deviceScope });
    const [rows] = await pages(
      `select deviceId from devices where array_contains(parentScopes, '${deviceScope}')`, 100,
      (query) => query.next());
    assert.deepStrictEqual(rows, [{ deviceId: `${id}-child` }]);
  },
  query_modules: async (id) => {
    await registry.create({ deviceId: id });
    await registry.addModule({ deviceId: id, moduleId: 'm' });
    const [twins] = await pages(
      `select * from devices.modules where devices.deviceId = '${id}'`, 100);
    assert.deepStrictEqual(twins.map((twin) => twin.moduleId), ['m']);
  },
  query_nothing: async (id) => assert.deepStrictEqual(
    await pages(`SELECT * FROM devices WHERE deviceId = '${id}'`, 100), [[]]),
  query_that_is_none: async () => refused(
    registry.createQuery('SELECT FROM').nextAsTwin(), 'ArgumentError', 'ArgumentInvalid'),

  signature_is_parsed_as_it_is_created: async () => {
    const made = signature();
    const read = SharedAccessSignature.parse(made);
    assert.strictEqual(read.skn, ConnectionString.parse(login).SharedAccessKeyName);
    const other = Registry.fromSharedAccessSignature(read.toString());
    await other.getRegistryStatistics();
  },
  signature_that_is_expired: async () => {
    const { HostName, SharedAccessKeyName, SharedAccessKey } = ConnectionString.parse(login);
    const past = Math.floor(Date.now() / 1000) - HOUR;
    const other = Registry.fromSharedAccessSignature(SharedAccessSignature.create(
      HostName, SharedAccessKeyName, SharedAccessKey, past).toString());
    await refused(other.list(), 'UnauthorizedError', 'IotHubUnauthorizedAccess');
  },
};

async function main() {
  let number = 0;
  for (const [cell, run] of Object.entries(cells)) {
    number += 1;
    const said = { cell };
    await run(`c${number}-${cell}`).catch((problem) => { said.problem = `${problem.stack}`; });
    process.stdout.write(`${JSON.stringify(said)}\n`);
  }
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exitCode = 1;
});
