// Makes the hashes of password_hashes.tsv that Node libraries can make:
// npm install scrypt-kdf@4.0.0 better-auth@1.7.25 && node password_hashes.mjs
import { randomBytes, scryptSync } from "node:crypto";
import { hashPassword } from "better-auth/crypto";
import Scrypt from "scrypt-kdf";

const password = "correct horse bättery staple";
const salt = randomBytes(16).toString("hex");
console.log(`node:crypto\t${salt}:${scryptSync(password, salt, 64).toString("hex")}`);
console.log(`better-auth\t${await hashPassword(password)}`);
console.log(`scrypt-kdf\t${Buffer.from(await Scrypt.kdf(password, { logN: 15, r: 8, p: 1 })).toString("base64")}`);
