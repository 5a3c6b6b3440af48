// Certificates of a test CA.

import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const KEY = ["-newkey", "rsa:2048", "-nodes"];

/** Creates a CA in the folder. */
export async function createAuthority(folder, name = "ca") {
  const openssl = (...words) => promisify(execFile)("openssl", words, { cwd: folder });
  await openssl("req", "-x509", ...KEY, "-keyout", `${name}.key`, "-out", `${name}.pem`, "-days", "2", "-subj", `/CN=${name}`);
  return {
    /** The file with the certificate of the CA. */
    file: join(folder, `${name}.pem`),
    /** Issues a certificate for a host. Returns the options of the server. */
    async issue(host) {
      const [key, request, certificate] = ["key", "csr", "pem"].map((extension) => `${name}-${host}.${extension}`);
      await openssl("req", "-new", ...KEY, "-keyout", key, "-out", request, "-subj", `/CN=${host}`);
      await writeFile(join(folder, "extensions"), `subjectAltName=DNS:${host}\nbasicConstraints=CA:FALSE\n`);
      const authority = ["-CA", `${name}.pem`, "-CAkey", `${name}.key`, "-CAcreateserial"];
      await openssl("x509", "-req", "-in", request, ...authority, "-out", certificate, "-days", "2", "-extfile", "extensions");
      return { key: await readFile(join(folder, key)), cert: await readFile(join(folder, certificate)) };
    },
  };
}
