// Everything an embedder needs of the spine, in one include: build a graph,
// edit it in transactions, look addresses up.

#ifndef PLANISH_PLANISH_H_
#define PLANISH_PLANISH_H_

// IWYU pragma: begin_exports
#include "planish/base/addr.h"
#include "planish/base/rcu/read_guard.h"
#include "planish/dispatch/section.h"
#include "planish/flatview/flat_view.h"
#include "planish/regions/owner.h"
#include "planish/regions/region.h"
#include "planish/regions/topology.h"
#include "planish/regions/transaction.h"
#include "planish/space/address_space.h"
#include "planish/space/listener.h"
// IWYU pragma: end_exports

#endif  // PLANISH_PLANISH_H_
