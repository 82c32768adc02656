/* Guards, quiescent-state mode, publication and freeing (G1, G2, G4): two
 * readers, one of them in quiescent-state mode if QUIESCENT is defined, and a
 * writer that publishes twice and frees what readers have left, as a commit
 * does: without waiting.
 *
 * Claim: no reader uses a version that has ended; and nobody gets stuck.
 *
 * Twins: NO_BARRIER, RELAXED_EPOCH, EARLY_EPOCH (the epoch before the pointer),
 * INNER_LEAVES (an inner guard stores idle), IGNORES_QUIESCE.
 */

#define THREADS 3
#define WRITER 2
#define CELL 2
#define EPOCH 3
#define PLACES 4  /* 0 and 1: the readers' words. */
#define IDLE 0    /* Epochs begin at 1. */
#define READS 2
#define VERSIONS 3

#include "tso.pml"

bool ended[VERSIONS + 1];

inline Use(version) { assert(!ended[version]) }

/* With a nested guard around the second use. */
proctype Reader(byte self) {
  byte version, inner, epoch, word, round;
  do
  :: round < READS ->
#ifdef RELAXED_EPOCH
     Load(self, CELL, version);
     Load(self, EPOCH, epoch);
     Store(self, self, epoch);
#else
     Load(self, EPOCH, epoch);    /* [E] */
     Store(self, self, epoch);    /* [A], light fence */
     Load(self, CELL, version);   /* [C] */
#endif
     Use(version);
     Load(self, self, word);      /* G2: not idle, so nothing is stored. */
     Load(self, CELL, inner);
     Use(inner);
#ifdef INNER_LEAVES
     Store(self, self, IDLE);
#endif
     Use(version);
     Store(self, self, IDLE);     /* [B] */
     round++
  :: else -> break
  od
}

/* Finds once, and uses that until Quiesce() says true. */
proctype QuiescentReader(byte self) {
  byte version, epoch, word, round;
  Load(self, EPOCH, epoch);
  Store(self, self, epoch);
  do
  :: round < 2 * READS ->
     if
     :: version == 0 -> Load(self, CELL, version)
     :: else
     fi;
     Use(version);
     Load(self, EPOCH, epoch);
     Load(self, self, word);
     if
     :: epoch != word ->
        Store(self, self, epoch);
#ifndef IGNORES_QUIESCE
        version = 0
#endif
     :: else
     fi;
     round++
  :: else -> break
  od;
  Store(self, self, IDLE)
}

proctype Writer() {
  byte version = 1, word0, word1, freed = 1, epoch;
  do
  :: version < VERSIONS ->
     version++;
#ifdef EARLY_EPOCH
     Store(WRITER, EPOCH, version);
     Store(WRITER, CELL, version);
#else
     Store(WRITER, CELL, version);   /* [C] */
     Store(WRITER, EPOCH, version);  /* [E]; an epoch is a version's number. */
#endif
again:
     Fence(WRITER);
#ifndef NO_BARRIER
     Fence(0);                       /* [A]: one processor after the other. */
     Fence(1);
#endif
     Load(WRITER, 0, word0);         /* [A] [B] */
     Load(WRITER, 1, word1);
     do
     :: freed < version && (word0 == IDLE || word0 > freed) &&
        (word1 == IDLE || word1 > freed) ->
        /* Version `freed` was replaced at epoch freed + 1. */
        ended[freed] = true;
        freed++
     :: else -> break
     od
  :: version == VERSIONS && freed < version -> goto again
  :: version == VERSIONS && freed == version -> break
  od
}

init {
  atomic {
    memory[CELL] = 1;
    memory[EPOCH] = 1;
    run Buffer(0);
    run Buffer(1);
    run Buffer(WRITER);
    run Reader(0);
#ifdef QUIESCENT
    run QuiescentReader(1);
#else
    run Reader(1);
#endif
    run Writer()
  }
}
