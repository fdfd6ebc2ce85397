# expect: carte-runtime: create '@ID@': the container's process was killed by signal 9 (Killed); is linux.resources.memory.limit too small?
# status: 1
# needs: v1:memory
.linux.resources.memory = {limit: 4096}
