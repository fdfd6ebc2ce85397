# expect: carte-runtime: create '@ID@': config.json: process.apparmorProfile: write /proc/thread-self/attr/exec: profile "docker-default": AppArmor is not enabled in this kernel
# needs: no-file:/sys/kernel/security/apparmor
.process.apparmorProfile = "docker-default"
