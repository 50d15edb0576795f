// What a person can do about an answer that is an error. Pure.

export function remedyOf(status: number | undefined): string | undefined {
  switch (status) {
    case 0: return 'Start it again, or look at the network. This page goes on by itself as soon as it answers.'
    case 401: return 'You are not signed in, or no longer.'
    case 403: return 'An owner of the namespace can give you a role in it.'
    case 404: return 'It may have been deleted, or belong to another namespace.'
    case 412: return 'Somebody else changed it meanwhile: look at what is there now, and try again.'
    case 502: case 503: case 504: return 'It may be starting. This page tries again by itself.'
    case 500: return 'The log of the server says more.'
  }
  return undefined
}
