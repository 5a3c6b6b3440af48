// The session variables of the service, implemented with express-session and its stores, or with client-sessions.
//
// Usage: `server.js memory|SQLite|PostgreSQL|Redis|cookie`, with DATABASE_URL and REDIS_URL. Sessions have the same
// lifetime as in the service. Reading does not renew them, so a read writes nothing. The cookie is not `secure`,
// because the benchmark does not use TLS.
import express from 'express'
import session from 'express-session'
import knex from 'knex'
import clientSessions from 'client-sessions'
import { ConnectSessionKnexStore } from 'connect-session-knex'
import { RedisStore } from 'connect-redis'
import { createClient } from 'redis'

const secret = 'only-for-the-bench-0123456789abcdef'
const DAY = 24 * 60 * 60
const VARIABLE = '/api/sessions/current/variables/counter'

// The same settings as in src/platform/database/mod.rs.
const sqlite = {
  client: 'better-sqlite3',
  connection: { filename: 'sessions.db' },
  useNullAsDefault: true,
  pool: {
    afterCreate(connection, done) {
      connection.pragma('journal_mode = WAL')
      connection.pragma('synchronous = FULL')
      done(null, connection)
    },
  },
}
const postgres = { client: 'pg', connection: process.env.DATABASE_URL, pool: { min: 0, max: 16 } }

const stores = {
  memory: () => new session.MemoryStore(),
  SQLite: () => new ConnectSessionKnexStore({ knex: knex(sqlite) }),
  PostgreSQL: () => new ConnectSessionKnexStore({ knex: knex(postgres) }),
  async Redis() {
    const client = createClient({ url: process.env.REDIS_URL })
    await client.connect()
    return new RedisStore({ client, ttl: DAY, disableTouch: true })
  },
}

async function sessions(kind) {
  const cookie = { httpOnly: true, sameSite: 'lax' }
  if (kind === 'cookie') return clientSessions({ cookieName: 'session', secret, duration: DAY * 1000, cookie })
  return session({ store: await stores[kind](), secret, resave: false, saveUninitialized: false, cookie })
}

const app = express()
app.disable('x-powered-by')
app.use(await sessions(process.argv[2]))

app.get(VARIABLE, (req, res) => {
  const { counter } = req.session
  if (counter === undefined) return res.sendStatus(404)
  res.json({ name: 'counter', value: counter })
})

app.post(`${VARIABLE}/increment`, express.json(), (req, res) => {
  req.session.counter = (req.session.counter ?? 0) + (req.body.by ?? 1)
  res.json({ name: 'counter', value: req.session.counter })
})

const server = app.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`))
