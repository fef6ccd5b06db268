/** Failures that others had and published: what happened there, and which file shows that it does not happen here. */
export interface KnownFailure {
  readonly id: string;
  readonly product: string;
  /** What happened there, in one line. */
  readonly fact: string;
  readonly source: string;
  readonly file: 'brokers' | 'clients' | 'operators' | 'updates';
}

const nvd = (id: string): string => `https://nvd.nist.gov/vuln/detail/${id}`;
const mosquitto = (id: string, fact: string): KnownFailure => ({
  id,
  product: 'Eclipse Mosquitto',
  fact,
  source: nvd(id),
  file: 'brokers',
});
const nanomq = (issue: number, fact: string): KnownFailure => ({
  id: `nanomq#${issue}`,
  product: 'NanoMQ',
  fact,
  source: `https://github.com/nanomq/nanomq/issues/${issue}`,
  file: 'brokers',
});
const tar = (id: string, fact: string): KnownFailure => ({
  id,
  product: 'node-tar',
  fact,
  source: nvd(id),
  file: 'updates',
});

export const knownFailures: readonly KnownFailure[] = [
  mosquitto('CVE-2017-7650', 'a client id of + or # went round pattern-based access lists'),
  mosquitto('CVE-2017-7651', 'a CONNECT that claims a huge length took memory before anybody was known'),
  mosquitto('CVE-2017-7652', 'out of file descriptors, a reload fell back to settings that let everybody in'),
  mosquitto('CVE-2017-7653', 'a topic that is not UTF-8 cut off other clients'),
  mosquitto('CVE-2017-7654', 'CONNECTs of strangers leaked memory'),
  mosquitto('CVE-2018-12543', 'a message to a topic that begins with $ ended the broker'),
  mosquitto('CVE-2018-12546', 'what was kept for a client was delivered after its right was taken away'),
  mosquitto('CVE-2018-12550', 'an empty access list let everybody do everything'),
  mosquitto('CVE-2018-12551', 'a damaged line of the password file became a user without a password'),
  mosquitto('CVE-2019-11778', 'a will with a delay beyond the session was used after it was freed'),
  mosquitto('CVE-2019-11779', 'a subscription to some 65,400 slashes overflowed the stack'),
  mosquitto('CVE-2021-28166', 'a CONNACK from a client ended the broker'),
  mosquitto('CVE-2021-34431', 'crafted CONNECTs of MQTT 5 leaked memory'),
  mosquitto('CVE-2021-34432', 'a message to an empty topic ended the broker'),
  mosquitto('CVE-2021-34434', 'a durable subscription went on after the right to it was taken away'),
  mosquitto('CVE-2021-41039', 'thousands of user properties in a CONNECT took all processor time'),
  mosquitto('CVE-2023-0809', 'first packets that are no CONNECT took memory without bound'),
  mosquitto('CVE-2023-28366', 'messages of QoS 2 with one packet id, never completed, leaked memory'),
  mosquitto('CVE-2023-3592', 'a will of MQTT 5 with invalid properties leaked memory'),
  mosquitto('CVE-2023-5632', 'a connection that says nothing took a whole processor'),
  mosquitto('CVE-2024-8376', 'packets in an order that nobody expects leaked memory or ended the broker'),
  {
    id: 'mosquitto: autosave_interval',
    product: 'Eclipse Mosquitto',
    fact: 'what was acknowledged is on disk after half an hour by default, so that a kill loses it',
    source: 'https://mosquitto.org/man/mosquitto-conf-5.html',
    file: 'brokers',
  },
  {
    id: 'mosquitto: max_queued_messages',
    product: 'Eclipse Mosquitto',
    fact: 'a message that was acknowledged is dropped when the queue of the one it is for is full',
    source: 'https://mosquitto.org/man/mosquitto-conf-5.html',
    file: 'operators',
  },
  {
    id: 'CVE-2021-33175',
    product: 'EMQX',
    fact: 'untrusted input took memory until the system ended the broker',
    source: nvd('CVE-2021-33175'),
    file: 'brokers',
  },
  {
    id: 'CVE-2021-33176',
    product: 'VerneMQ',
    fact: 'topics of thousands of levels took memory until the system ended the broker',
    source: nvd('CVE-2021-33176'),
    file: 'brokers',
  },
  {
    id: 'CVE-2021-22116',
    product: 'RabbitMQ',
    fact: 'a crafted frame of AMQP 1.0 sent the decoder round for ever',
    source: nvd('CVE-2021-22116'),
    file: 'brokers',
  },
  {
    id: 'CVE-2023-46118',
    product: 'RabbitMQ',
    fact: 'the HTTP API took bodies of any size into memory',
    source: nvd('CVE-2023-46118'),
    file: 'brokers',
  },
  {
    id: 'GHSA-xxqp-5qx8-gj5q',
    product: 'aedes',
    fact: 'a subscription of more than a hundred levels ended the process',
    source: 'https://github.com/advisories/GHSA-xxqp-5qx8-gj5q',
    file: 'brokers',
  },
  {
    id: 'aedes#1086',
    product: 'aedes',
    fact: 'connections that were never finished kept what they had sent',
    source: 'https://github.com/moscajs/aedes/issues/1086',
    file: 'brokers',
  },
  {
    id: 'aedes: drainTimeout',
    product: 'aedes',
    fact: 'one reader that stops reading stops the broker for everybody',
    source: 'https://github.com/moscajs/aedes/blob/main/docs/Aedes.md',
    file: 'brokers',
  },
  nanomq(1720, 'a length whose bytes never end was read beyond the buffer'),
  nanomq(2268, 'a SUBSCRIBE that ends behind its topic was read beyond the buffer'),
  nanomq(2270, 'a PUBLISH of QoS 1 that ends before its packet id was read beyond the buffer'),
  {
    id: 'CVE-2024-10525',
    product: 'libmosquitto',
    fact: 'a SUBACK without any code was read beyond the buffer, at the client',
    source: nvd('CVE-2024-10525'),
    file: 'clients',
  },
  {
    id: 'CVE-2021-41036',
    product: 'Eclipse Paho',
    fact: 'a client believed the length that a server claims',
    source: nvd('CVE-2021-41036'),
    file: 'clients',
  },
  {
    id: 'CVE-2022-27774',
    product: 'curl',
    fact: 'credentials followed a redirect to another host',
    source: nvd('CVE-2022-27774'),
    file: 'clients',
  },
  {
    id: 'CVE-2021-25743',
    product: 'kubectl',
    fact: 'text of others steered the terminal of the operator',
    source: nvd('CVE-2021-25743'),
    file: 'operators',
  },
  {
    id: 'CVE-2024-52005',
    product: 'git',
    fact: 'error text of a server steered the terminal',
    source: nvd('CVE-2024-52005'),
    file: 'clients',
  },
  {
    id: 'CVE-2009-4487',
    product: 'nginx',
    fact: 'escape sequences of strangers went into the log as they were',
    source: nvd('CVE-2009-4487'),
    file: 'brokers',
  },
  {
    id: 'cli/cli#13920',
    product: 'GitHub CLI',
    fact: 'without a keyring the token went into a plain file, unsaid',
    source: 'https://github.com/cli/cli/issues/13920',
    file: 'operators',
  },
  {
    id: 'aws/aws-cli#10560',
    product: 'AWS CLI',
    fact: 'its history kept secrets on disk',
    source: 'https://github.com/aws/aws-cli/issues/10560',
    file: 'operators',
  },
  {
    id: 'CVE-2018-5702',
    product: 'Transmission',
    fact: 'a page in a browser reached the daemon of the same machine by a name of its own',
    source: nvd('CVE-2018-5702'),
    file: 'brokers',
  },
  {
    id: 'CVE-2019-10744',
    product: 'lodash',
    fact: 'a merge of untrusted JSON changed what every object inherits',
    source: nvd('CVE-2019-10744'),
    file: 'brokers',
  },
  {
    id: 'CVE-2020-36518',
    product: 'jackson-databind',
    fact: 'JSON of great depth overflowed the stack',
    source: nvd('CVE-2020-36518'),
    file: 'brokers',
  },
  {
    id: 'CVE-2015-9235',
    product: 'jsonwebtoken',
    fact: 'a token without a signature was taken for one that is verified',
    source: nvd('CVE-2015-9235'),
    file: 'brokers',
  },
  {
    id: 'SQLite: WAL-reset',
    product: 'SQLite',
    fact: 'two connections that write at once could damage the file, from 3.7.0 to 3.51.2',
    source: 'https://sqlite.org/wal.html',
    file: 'operators',
  },
  {
    id: 'CVE-2026-34155',
    product: 'RAUC',
    fact: 'the signature of a bundle of more than 2 GiB covered its first bytes alone',
    source: nvd('CVE-2026-34155'),
    file: 'updates',
  },
  {
    id: 'CVE-2020-25860',
    product: 'RAUC',
    fact: 'a bundle was swapped between its check and its use',
    source: nvd('CVE-2020-25860'),
    file: 'updates',
  },
  {
    id: 'CVE-2025-67903',
    product: 'Mender',
    fact: 'the check of signatures was gone round',
    source: nvd('CVE-2025-67903'),
    file: 'updates',
  },
  {
    id: 'CVE-2026-28525',
    product: 'SWUpdate',
    fact: 'lengths of an upload that do not fit each other broke the parser before any signature',
    source: nvd('CVE-2026-28525'),
    file: 'updates',
  },
  {
    id: 'CVE-2022-21449',
    product: 'OpenJDK',
    fact: 'a signature of zeros alone was valid for everything',
    source: nvd('CVE-2022-21449'),
    file: 'updates',
  },
  tar('CVE-2026-23745', 'links to absolute places were unpacked'),
  tar('CVE-2026-24842', 'a hard link led out of the directory'),
  tar('CVE-2026-26960', 'a hard link through a symbolic link led out of the directory'),
  tar('CVE-2021-32803', 'a directory was replaced by a link, and what followed went through it'),
  tar('CVE-2021-32804', 'absolute names were unpacked where they say'),
];

/** The table of README.md. */
export function catalogueTable(): string {
  const rows = knownFailures.map(
    ({ id, product, fact, source, file }) =>
      `| [${id}](${source}) | ${product} | ${fact} | [${file}](${file}.test.ts) |`,
  );
  return ['| id | where | what happened there | shown not to happen here by |', '|---|---|---|---|', ...rows].join(
    '\n',
  );
}
