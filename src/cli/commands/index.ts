import type { CommandTable } from '../program.ts';

/** Every command: the words typed, one line about it, and its file. Owners keep the order in which help shows them. */
export const commandTable: CommandTable = {
  groups: {
    tail: 'Follow what devices send and what happens to them.',
    device: 'Look at devices and change them.',
    module: 'Look after the modules of devices.',
    certificate: 'Let devices in by certificates.',
    sas: 'Make and check shared access signatures.',
    twin: 'Read and change tags and desired properties.',
    job: 'Do one thing to many devices, carried out by the hub.',
    enrollment: 'Say who may register, and which hub they get.',
    hub: 'Run a hub on this machine.',
    profile: 'Choose which hub to talk to.',
  },
  rows: [
    {
      name: 'provision',
      summary: 'Register devices: by id, by number, or from a CSV file.',
      load: () => import('./provision.ts'),
    },
    { name: 'tail telemetry', summary: 'Follow the telemetry of devices.', load: () => import('./tail/telemetry.ts') },
    {
      name: 'tail events',
      summary: 'Follow what happens to devices: connections, creations, deletions, twin changes.',
      load: () => import('./tail/events.ts'),
    },
    {
      name: 'tail messages',
      summary: 'Follow messages to devices: queued, completed, returned, rejected, expired.',
      load: () => import('./tail/messages.ts'),
    },
    {
      name: 'tail feedback',
      summary: 'Read what became of messages whose senders asked.',
      load: () => import('./tail/feedback.ts'),
    },
    {
      name: 'send-command',
      summary: 'Send a command to devices and show what they answer.',
      load: () => import('./send-command.ts'),
    },
    {
      name: 'device list',
      summary: 'List devices with status, connection, last activity and tags.',
      load: () => import('./device/list.ts'),
    },
    {
      name: 'device show',
      summary: 'Show one device: identity, connection, tags and properties.',
      load: () => import('./device/show.ts'),
    },
    { name: 'device enable', summary: 'Let devices connect again.', load: () => import('./device/enable.ts') },
    {
      name: 'device disable',
      summary: 'Disconnect devices and refuse them.',
      load: () => import('./device/disable.ts'),
    },
    {
      name: 'device export',
      summary: 'Write devices with their modules and twins to a file.',
      load: () => import('./device/export.ts'),
    },
    {
      name: 'device import',
      summary: 'Bring devices, modules and twins to what a file says.',
      load: () => import('./device/import.ts'),
    },
    { name: 'device delete', summary: 'Delete devices with their twins.', load: () => import('./device/delete.ts') },
    {
      name: 'device renew-key',
      summary: 'Give devices new keys.',
      load: () => import('./device/renew-key.ts'),
    },
    {
      name: 'device register',
      summary: 'Register at the provisioning service as a device does.',
      load: () => import('./device/register.ts'),
    },
    {
      name: 'device watch',
      summary: 'Tell when devices connect, disconnect, come or go.',
      load: () => import('./device/watch.ts'),
    },
    {
      name: 'twin show',
      summary: 'Show the tags, desired and reported properties of a device.',
      load: () => import('./twin/show.ts'),
    },
    { name: 'twin set', summary: 'Set tags and desired properties.', load: () => import('./twin/set.ts') },
    {
      name: 'twin edit',
      summary: 'Edit tags and desired properties in your editor.',
      load: () => import('./twin/edit.ts'),
    },
    { name: 'twin unset', summary: 'Remove tags and desired properties.', load: () => import('./twin/unset.ts') },
    {
      name: 'twin diff',
      summary: 'Compare two twins, or what one device should be with what it is.',
      load: () => import('./twin/diff.ts'),
    },
    {
      name: 'job run',
      summary: 'Change twins or send a command as one job that the hub carries out.',
      load: () => import('./job/run.ts'),
    },
    { name: 'job list', summary: 'List the jobs of the last 30 days.', load: () => import('./job/list.ts') },
    { name: 'job show', summary: 'Show a job, or what it made of each device.', load: () => import('./job/show.ts') },
    { name: 'job cancel', summary: 'Cancel a job.', load: () => import('./job/cancel.ts') },
    { name: 'query', summary: 'Run a query over the devices.', load: () => import('./query.ts') },
    {
      name: 'module list',
      summary: 'List modules, of one device or of all.',
      load: () => import('./module/list.ts'),
    },
    {
      name: 'module show',
      summary: 'Show one module: identity, connection, tags and properties.',
      load: () => import('./module/show.ts'),
    },
    {
      name: 'module create',
      summary: 'Give devices modules, each with keys and a twin of its own.',
      load: () => import('./module/create.ts'),
    },
    {
      name: 'module delete',
      summary: 'Delete modules with their twins.',
      load: () => import('./module/delete.ts'),
    },
    {
      name: 'certificate add',
      summary: 'Upload the certificate of a CA that devices come with.',
      load: () => import('./certificate/add.ts'),
    },
    {
      name: 'certificate verify',
      summary: 'Prove to the hub that you hold the key of a CA.',
      load: () => import('./certificate/verify.ts'),
    },
    {
      name: 'certificate list',
      summary: 'List the CA certificates of the hub.',
      load: () => import('./certificate/list.ts'),
    },
    {
      name: 'certificate delete',
      summary: 'Remove a CA certificate from the hub.',
      load: () => import('./certificate/delete.ts'),
    },
    {
      name: 'certificate issue',
      summary: 'Make a certificate for a device, or a CA for tests.',
      load: () => import('./certificate/issue.ts'),
    },
    {
      name: 'sas create',
      summary: 'Make a shared access signature, of a device or of the profile.',
      load: () => import('./sas/create.ts'),
    },
    {
      name: 'sas decode',
      summary: 'Say what a shared access signature is for and how long it lasts.',
      load: () => import('./sas/decode.ts'),
    },
    {
      name: 'sas verify',
      summary: 'Check a shared access signature against the keys of the hub.',
      load: () => import('./sas/verify.ts'),
    },
    {
      name: 'enrollment apply',
      summary: 'Make enrollments what a file or the flags say.',
      load: () => import('./enrollment/apply.ts'),
    },
    {
      name: 'enrollment list',
      summary: 'List enrollments, and where their devices are registered.',
      load: () => import('./enrollment/list.ts'),
    },
    {
      name: 'enrollment show',
      summary: 'Show one enrollment, and the registration of its device.',
      load: () => import('./enrollment/show.ts'),
    },
    {
      name: 'enrollment delete',
      summary: 'Delete an enrollment, or only the registration of a device.',
      load: () => import('./enrollment/delete.ts'),
    },
    {
      name: 'enrollment explain',
      summary: 'Say which enrollment and which hub a device would get, and why.',
      load: () => import('./enrollment/explain.ts'),
    },
    { name: 'hub start', summary: 'Start a hub on this machine.', load: () => import('./hub/start.ts') },
    {
      name: 'hub status',
      summary: 'Show whether the hub on this machine runs, and how it is.',
      load: () => import('./hub/status.ts'),
    },
    { name: 'hub stop', summary: 'Stop the hub on this machine.', load: () => import('./hub/stop.ts') },
    {
      name: 'hub env',
      summary: 'Print what SDKs need to use the hub on this machine.',
      load: () => import('./hub/env.ts'),
    },
    {
      name: 'profile add',
      summary: 'Add a hub, by its connection string or by Microsoft Entra ID.',
      load: () => import('./profile/add.ts'),
    },
    { name: 'profile use', summary: 'Select the hub that commands talk to.', load: () => import('./profile/use.ts') },
    { name: 'profile list', summary: 'List the hubs you have added.', load: () => import('./profile/list.ts') },
    { name: 'profile show', summary: 'Show a profile.', load: () => import('./profile/show.ts') },
    { name: 'profile remove', summary: 'Remove a profile and its key.', load: () => import('./profile/remove.ts') },
    { name: 'demo', summary: 'See a whole fleet at work in half a minute.', load: () => import('./demo.ts') },
    { name: 'agent', summary: 'Run this machine as a device.', load: () => import('./agent.ts') },
    { name: 'simulate', summary: 'Run simulated devices of a model.', load: () => import('./simulate.ts') },
    {
      name: 'doctor',
      summary: 'Check this machine, the configuration and the hub.',
      load: () => import('./doctor.ts'),
    },
    {
      name: 'completion',
      summary: 'Complete commands, flags and device ids in the shell.',
      load: () => import('./completion.ts'),
    },
    { name: '__complete', summary: 'values for shell completion', hidden: true, load: () => import('./__complete.ts') },
  ],
};
