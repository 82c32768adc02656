/* The end of an owner (E1, L2, P2, P4): retire, deliver, grace period, scan,
 * finalizer; two readers with a pin each, of which one is split; a partner who
 * has the second share; a listener; and the writer.
 *
 * Claim: nobody uses what was finalized; and the writer gets there.
 *
 * Twins: NO_BARRIER, COPY_PIN (a pin goes to another slot), PIN_AFTER_GUARD,
 * UNCOUNTED_SPLIT (both shares clear the slot), SCAN_BEFORE_GRACE,
 * FINALIZE_BEFORE_DELIVERY.
 */

#define THREADS 4
#define PARTNER 2
#define WRITER 3
#define SLOT 2    /* 2: where COPY_PIN copies to. 3, 4: the readers' slots. */
#define CELL 5
#define EPOCH 6
#define SHARES 7  /* Beside the first, of slot 3. */
#define MAIL 8    /* To the partner. */
#define PLACES 9  /* 0 and 1: the readers' words. */
#define IDLE 0

#include "tso.pml"

bool ended;        /* The owner of region 1. Region 2 stays. */
bool told, heard;  /* The listener; its queue has a lock, so no buffer. */

inline Use(region) { assert(region != 1 || !ended) }

/* The reader or the partner drops a share of slot `at`. */
inline Drop(thread, at) {
#ifndef UNCOUNTED_SPLIT
  Load(thread, SHARES, shares);
  if
  :: at == SLOT + 1 && shares > 0 ->
     atomic {             /* A read-modify-write: fences, and is one step. */
       Fence(thread);
       shares = memory[SHARES];
       if
       :: shares > 0 -> memory[SHARES] = shares - 1
       :: else -> memory[at] = 0
       fi
     }
  :: else -> Store(thread, at, 0)  /* [D] */
  fi
#else
  Store(thread, at, 0)
#endif
}

proctype Reader(byte self; bool splits) {
  byte region, epoch, shares, slot = SLOT + 1 + self;
  Load(self, EPOCH, epoch);
  Store(self, self, epoch);
  Load(self, CELL, region);
  Use(region);
#ifdef PIN_AFTER_GUARD
  Store(self, self, IDLE);
  Store(self, slot, region);
#else
  Store(self, slot, region);  /* [D], P2 */
  Store(self, self, IDLE);    /* [B] */
#endif
  Use(region);
  if
  :: splits ->
     atomic { Fence(self); memory[SHARES] = 1 };
     Store(self, MAIL, region)
#ifdef COPY_PIN
  :: !splits ->
     Store(self, SLOT, region);
     Store(self, slot, 0);
     slot = SLOT
#endif
  :: else
  fi;
  Use(region);
  Drop(self, slot)
}

proctype Partner() {
  byte region, shares;
  memory[MAIL] != 0;  /* Nothing of its own is queued. */
  region = memory[MAIL];
  Use(region);
  Drop(PARTNER, SLOT + 1)
}

proctype Listener() {
  told;
  Use(1);
  heard = true
}

inline Scan() {  /* Waits at each slot that holds; goes on from there (P4). */
  memory[SLOT] != 1;
  memory[SLOT + 1] != 1;
  memory[SLOT + 2] != 1
}

inline Grace() {
  Fence(WRITER);
#ifndef NO_BARRIER
  Fence(0);
  Fence(1);
#endif
  memory[0] == IDLE || memory[0] >= 2;
  memory[1] == IDLE || memory[1] >= 2
}

proctype Writer() {
  Store(WRITER, CELL, 2);   /* 1. Region 1 is out of sight. */
  told = true;              /* 2. Delivery. */
#ifndef FINALIZE_BEFORE_DELIVERY
  heard;
#endif
  Store(WRITER, EPOCH, 2);  /* 3. Grace period. */
#ifdef SCAN_BEFORE_GRACE
  Scan();
  Grace();
#else
  Grace();
  Scan();                   /* 4. Pins. */
#endif
  ended = true              /* 5. Finalizer. */
}

init {
  atomic {
    memory[CELL] = 1;
    memory[EPOCH] = 1;
    run Buffer(0);
    run Buffer(1);
    run Buffer(PARTNER);
    run Buffer(WRITER);
    run Reader(0, true);
    run Reader(1, false);
    run Partner();
    run Listener();
    run Writer()
  }
}
