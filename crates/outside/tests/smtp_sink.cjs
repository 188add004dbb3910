// A mail server that keeps what it is given: one line of JSON with its port, then one for each mail.
// The first argument is JSON: `tls` ("none", "starttls" or "whole"), `key`, `cert` (PEM), `user`,
// `password`, `refuse` (a status that every recipient is answered).
"use strict";
const path = require("node:path");
const modules = process.env.COFFER_TEST_NODE_MODULES;
const { SMTPServer } = require(path.join(modules, "smtp-server"));

const wanted = JSON.parse(process.argv[2]);
const say = (value) => process.stdout.write(JSON.stringify(value) + "\n");
const server = new SMTPServer({
  secure: wanted.tls === "whole",
  key: wanted.key,
  cert: wanted.cert,
  disabledCommands: wanted.tls === "none" ? ["STARTTLS"] : [],
  authOptional: !wanted.user,
  logger: false,
  onAuth: (auth, session, done) => {
    const good = auth.username === wanted.user && auth.password === wanted.password;
    const refused = Object.assign(new Error("who are you"), { responseCode: 535 });
    done(good ? null : refused, good ? { user: auth.username } : undefined);
  },
  onRcptTo: (address, session, done) => {
    const words = "no room for " + address.address;
    done(wanted.refuse ? Object.assign(new Error(words), { responseCode: wanted.refuse }) : null);
  },
  onData: (stream, session, done) => {
    const parts = [];
    stream.on("data", (part) => parts.push(part));
    stream.on("end", () => {
      say({
        secure: session.secure,
        user: session.user || null,
        greeting: session.hostNameAppearsAs,
        from: session.envelope.mailFrom.address,
        to: session.envelope.rcptTo.map((to) => to.address),
        mail: Buffer.concat(parts).toString("utf8"),
      });
      done();
    });
  },
});
server.on("error", (error) => process.stderr.write(String(error) + "\n"));
server.listen(0, "127.0.0.1", () => say({ port: server.server.address().port }));
