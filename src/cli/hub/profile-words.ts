/** What is said when the profile of the hub on this machine is that of another one. */
export function ofAnotherHub(profile: string): string {
  return `the profile "${profile}" belongs to another hub and is left alone; to give it to this one: iotctl profile remove ${profile}, and start again`;
}
