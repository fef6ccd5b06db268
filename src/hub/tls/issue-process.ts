/** Makes what is asked for in a process of its own, answers and ends. Started by {@link issueApart} alone. */
import { once } from 'node:events';
import process from 'node:process';
import { issueAuthority, issueServer } from '../../x509/issue.ts';
import type { Issued, IssueRequest } from './issue-apart.ts';

const [{ authority: kept, hostNames, now }] = (await once(process, 'message')) as [IssueRequest];
const authority = kept ?? (await issueAuthority(now));
const issued: Issued = { authority, server: await issueServer(authority, hostNames, now) };
process.send?.(issued, () => process.disconnect());
