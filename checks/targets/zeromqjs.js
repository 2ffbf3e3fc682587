// The npm package zeromq as a target of enomem: reads calls from standard input, writes answers to standard output, one
// JSON object a line, as docs/target-protocol.md has it. Run: NODE_PATH=.../node_modules node zeromqjs.js
//
// The package sends and receives whole messages. Parts are gathered here until the last one comes, and an abort drops
// them; what was received is handed out part by part.
"use strict";
const readline = require("node:readline");
const zmq = require("zeromq");

const TYPES = {
  PAIR: zmq.Pair, PUB: zmq.Publisher, SUB: zmq.Subscriber, REQ: zmq.Request, REP: zmq.Reply, DEALER: zmq.Dealer,
  ROUTER: zmq.Router, PULL: zmq.Pull, PUSH: zmq.Push, XPUB: zmq.XPublisher, XSUB: zmq.XSubscriber,
};
const OPTIONS = {
  ROUTING_ID: 5, LINGER: 17, RECONNECT_IVL: 18, RECONNECT_IVL_MAX: 21, MAXMSGSIZE: 22, SNDHWM: 23, RCVHWM: 24,
  ROUTER_MANDATORY: 33, IMMEDIATE: 39, XPUB_VERBOSE: 40, PROBE_ROUTER: 51, REQ_CORRELATE: 52, REQ_RELAXED: 53,
  CONFLATE: 54, ROUTER_HANDOVER: 56, CONNECT_ROUTING_ID: 61, HANDSHAKE_IVL: 66, XPUB_NODROP: 69, HEARTBEAT_IVL: 75,
  HEARTBEAT_TTL: 76, HEARTBEAT_TIMEOUT: 77, XPUB_VERBOSER: 78,
};
const WIDE = ["MAXMSGSIZE"];
const SAID = ["EAGAIN", "ENOMEM", "EHOSTUNREACH", "EFSM", "ECONNRESET", "EINVAL", "ENOTSUP", "ETERM"];
const MISTAKES = ["EADDRINUSE", "ENOENT", "EISCONN"];

let sockets = [];

function create({ kind, options }) {
  if (!(kind in TYPES)) throw Object.assign(new Error(), { code: "EINVAL" });
  const socket = new TYPES[kind]({ linger: 0 });
  const made = { socket, kind, unsent: [], unread: [], peers: 0, changed: () => {} };
  const count = (by) => () => { made.peers += by; made.changed(); };
  socket.events.on("handshake", count(1));
  // A failed handshake is followed by the end of a connection that never was a peer's.
  for (const why of ["protocol", "auth", "other"]) socket.events.on(`handshake:error:${why}`, count(1));
  socket.events.on("disconnect", count(-1));
  try {
    for (const [name, value] of Object.entries(options)) set(made, name, value);
  } catch (error) {
    socket.close();
    throw error;
  }
  sockets.push(made);
  return { socket: sockets.length - 1 };
}

function set({ socket }, name, value) {
  if (name === "SUBSCRIBE" || name === "UNSUBSCRIBE") {
    if (!socket.subscribe) throw Object.assign(new Error(), { code: "ENOTSUP" });
    socket[name.toLowerCase()](Buffer.from(value, "hex"));
  } else if (!(name in OPTIONS)) throw Object.assign(new Error(), { code: "EINVAL" });
  else if (typeof value === "string") socket.setStringOption(OPTIONS[name], Buffer.from(value, "hex"));
  else if (WIDE.includes(name)) socket.setInt64Option(OPTIONS[name], value);
  else socket.setInt32Option(OPTIONS[name], value);
}

async function writable({ socket }, wait) {
  const deadline = Date.now() + wait;
  while (!socket.writable && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 1));
  return socket.writable;
}

async function send(own, part, more, wait) {
  if (!("sendTimeout" in own.socket)) return { said: "ENOTSUP" };
  if (more) {
    // Whether a ROUTER can send is known only with the last part, when the package is told whom to; that REQ and REP
    // cannot is no matter of time, and is said then.
    const early = !own.unsent.length && own.kind !== "ROUTER" && (wait === 0 || !own.kind.startsWith("RE"));
    if (early && !(await writable(own, wait))) return { said: "EAGAIN" };
    own.unsent.push(part);
    return {};
  }
  own.socket.sendTimeout = wait;
  await own.socket.send([...own.unsent, part]);
  own.unsent = [];
  return {};
}

async function receive(own, wait) {
  if (!("receiveTimeout" in own.socket)) return { said: "ENOTSUP" };
  if (!own.unread.length) {
    own.socket.receiveTimeout = wait;
    own.unread = await own.socket.receive();
  }
  const part = own.unread.shift();
  return { part: part.toString("hex"), more: own.unread.length > 0 };
}

async function peers(own, count, wait) {
  const deadline = Date.now() + wait;
  // libzmq takes in peers in a call on the socket only.
  for (; own.socket.readable, own.peers < count && Date.now() < deadline;) {
    await new Promise((resolve) => { own.changed = resolve; setTimeout(resolve, 5); });
  }
  return { met: own.peers >= count };
}

async function carryOut(call) {
  const own = sockets[call.socket];
  switch (call.call) {
    case "create": return create(call);
    case "option": set(own, call.name, call.value); return {};
    case "bind": await own.socket.bind(call.endpoint); return { endpoint: own.socket.lastEndpoint };
    case "connect": own.socket.connect(call.endpoint); return {};
    case "unbind": await own.socket.unbind(call.endpoint); own.peers = 0; return {};
    case "disconnect": own.socket.disconnect(call.endpoint); own.peers -= 1; return {};
    case "send": return send(own, Buffer.from(call.part, "hex"), call.more, call.wait);
    case "receive": return receive(own, call.wait);
    case "abort": own.unsent = []; return {};
    case "peers": return peers(own, call.count, call.wait);
    case "close": own.socket.close(); return {};
    case "reset": sockets.forEach(({ socket }) => socket.close()); sockets = []; return {};
    default: throw new Error(`there is no call ${call.call}`);
  }
}

function failed(error) {
  if (SAID.includes(error.code)) return { said: error.code };
  if (MISTAKES.includes(error.code)) return { said: "EINVAL" };
  return { fault: `${error.name}: ${error.message}` };
}

(async () => {
  const write = (value) => process.stdout.write(JSON.stringify(value) + "\n");
  write({
    protocol: 1, target: "zeromqjs", version: `${require("zeromq/package.json").version}, libzmq ${zmq.version}`,
    cans: ["ABORT", "DISCONNECT", "PEERS"], types: Object.keys(TYPES),
  });
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const call = JSON.parse(line);
    write({ id: call.id, said: "ok", ...await carryOut(call).catch(failed) });
  }
  process.exit(0);
})();
