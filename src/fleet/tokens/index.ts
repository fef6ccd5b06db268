export { createToken, decodeToken, findTokenProblem, type DecodedToken, type PolicyKey } from './tokens.ts';
