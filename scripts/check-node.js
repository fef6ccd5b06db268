// The tests must not run silently on the machine's own old Node: the pinned `node` package has to be in use.
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  console.error(
    `check:node: Node.js ${process.version} is running; run "npm ci" so that the pinned node package is used`,
  );
  process.exit(1);
}
