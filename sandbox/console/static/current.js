// A page that says of something whether it runs stays as the world is.

import { renew } from "./pieces.js";
import { hear } from "./stream.js";

hear("scenario", () => renew());
