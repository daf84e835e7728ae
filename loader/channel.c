#include "loader/channel.h"

#include <unistd.h>

#include "loader/protocol.h"
#include "loader/tls.h"

ssize_t channel_receive(struct channel *c, uint8_t *bytes, size_t n, int *fds, int *count)
{
    if (!c->tls)
        return message_receive(c->fd, bytes, n, fds, count);
    *count = 0;
    return tls_receive(c->tls, bytes, n, &c->wants_write);
}

ssize_t channel_send(struct channel *c, const uint8_t *bytes, size_t n, const int *fds, int count)
{
    if (!c->tls)
        return message_send_some(c->fd, bytes, n, fds, count);
    return tls_send(c->tls, bytes, n, &c->wants_write);
}

void channel_close(struct channel *c)
{
    tls_end(c->tls);
    c->tls = NULL;
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
}
